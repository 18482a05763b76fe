import Foundation
import Glibc
import ImgbasedCore
import ImgbasedHostLinux
import Synchronization
import Testing

@testable import ImgbasedHost
@testable import ImgbasedHostCore

/// A directory of this machine that a data volume, a loop device, takes the place of.
@Suite(.serialized, .enabled(if: ImageMaker.missing == nil, Comment(rawValue: ImageMaker.missing ?? "")))
struct PlaceMoverTests {
    /// A directory with files, and the device.
    private final class Place: @unchecked Sendable {
        let scratch: Scratch
        let device: LayerFileSystemTests.Device
        let place: DataPlace
        /// The programs that were started.
        private let programs = Mutex<[Int32]>([])

        init(size: String = "32M") throws {
            scratch = try Scratch()
            try scratch.shell(
                """
                mkdir -p place/deep && cd place
                echo one >one; ln one two; ln -s one link; truncate -s 4M hole; mkfifo pipe; echo x >deep/file
                setfattr -n user.x -v y one; chmod 1770 .; chmod 600 one; chown 7:8 deep
                """)
            let image = try scratch.write("image", [])
            try Helper.run("/usr/bin/truncate", "-s", size, image)
            try Helper.run("/usr/sbin/mkfs.ext4", "-q", "-F", image)
            device = try LayerFileSystemTests.Device(image)
            // The directory of temporary files may be behind a link.
            place = try #require(DataPlace(HostSystem.resolved(scratch("place")) ?? ""))
        }

        deinit {
            try? HostMount.uncover(place.text, from: device.path.device)
            programs.withLock { for process in $0 { kill(process, SIGKILL) } }
        }

        /// What is in the directory, as programs see it.
        var facts: String {
            get throws {
                try scratch.shell(
                    """
                    cd place
                    find . ! -name lost+found -printf '%p %y %m %U:%G %l\\n' | sort
                    for file in $(find . -type f | sort); do sha256sum $file; getfattr -d $file; done
                    test ! -e one || test "$(stat -c %i one)" = "$(stat -c %i two)"
                    """)
            }
        }

        /// Starts a program by `script`, which ends with its process number, and lets it run until the end.
        func start(_ script: String) throws -> Int32 {
            let process = try #require(Int32(try scratch.shell(script + " >/dev/null 2>&1 & echo $!")))
            programs.withLock { $0.append(process) }
            return process
        }

        var isMounted: Bool {
            get throws { try scratch.shell("findmnt -n -M '\(place)' || true") != "" }
        }

        /// Moves the files; `between` runs after each pass.
        func move(
            copies: Bool = true, room: Bytes? = nil, between: @escaping @Sendable (Int) -> Void = { _ in }
        ) throws {
            var move = DataMove(device.path, at: place, copies: copies)
            move.room = room.map {
                PoolRoom(pool: VolumePath(group: "HostVG", name: "ImagePool"), bytes: $0, limit: "data")
            }
            let passes = Mutex(0)
            let reporter = ImageReporter(show: { progress in
                guard progress.phase == .again else { return }
                between(
                    passes.withLock { passes in
                        passes += 1
                        return passes
                    })
            })
            try PlaceMover(move, reporter).run()
        }
    }

    @Test func allFilesAreOnTheVolumeAndStayBelow() throws {
        let place = try Place()
        let scratch = place.scratch
        try place.move { pass in
            guard pass == 1 else { return }
            _ = try? scratch.shell(
                "cd place; echo more >>one; rm link; mkdir link; mv deep deeper; echo new >new")
        }
        #expect(try place.isMounted)
        let facts = try place.facts
        #expect(facts.contains("./deeper d 755 7:8") && facts.contains("user.x=\"y\""))
        #expect(facts.contains(". d 1770") && facts.contains("./pipe p"))
        #expect(try scratch.shell("cat place/one") == "one\nmore")
        #expect(
            try (scratch.shell("stat -c %b place/hole").split(separator: " ").first).map(String.init) == "0")
        #expect(throws: Helper.Failed.self, "for reading alone") { try scratch.shell("echo x >place/x") }
        try scratch.shell(
            "mount -o remount,bind,rw '\(place.device.path.device)' '\(place.place)' && echo x >place/x && rm place/x"
        )
        try HostMount.uncover(place.place.text, from: place.device.path.device)
        #expect(try !place.isMounted)
        #expect(try place.facts == facts)
    }

    @Test func withoutACopyTheVolumeIsAsItWas() throws {
        let place = try Place()
        try place.move(copies: false)
        #expect(try place.scratch.shell("ls place") == "lost+found")
        #expect(throws: Helper.Failed.self) { try place.scratch.shell("touch place/x") }
    }

    @Test(arguments: [
        ("cd place; exec tail -f /dev/null", ""), ("exec tail -f place/one", ""),
        ("exec tail -f /dev/null 3<place/deep", ""),
        (
            "exec unshare --mount sh -c 'mount --bind place/deep /mnt; exec tail -f /dev/null'",
            ", which has it at /mnt"
        ),
    ])
    func whatAProgramHasOpenStays(script: String, how: String) throws {
        let place = try Place()
        let before = try place.facts
        let process = try place.start(script)
        // The program is there, but may not have come so far.
        let deadline = Date(timeIntervalSinceNow: 60)
        var users: [String] = []
        while users.isEmpty, Date() < deadline {
            users = try PlaceUsers(of: place.place.text).find()
        }
        #expect(users == ["tail (process \(process))\(how)"])
        #expect {
            try place.move()
        } throws: { error in
            "\(error)".contains(
                "is used by 'tail (process \(process))\(how)', and what a program writes there")
        }
        #expect(try !place.isMounted)
        #expect(try place.facts == before)
    }

    /// A program that comes while the files are copied is seen before anything is lost.
    @Test func aProgramThatComesLaterIsSeenToo() throws {
        let place = try Place()
        let started = Mutex<Int32?>(nil)
        #expect {
            try place.move { pass in
                guard pass == 1, let process = try? place.start("exec tail -f place/one") else { return }
                started.withLock { $0 = process }
                let deadline = Date(timeIntervalSinceNow: 60)
                while (try? PlaceUsers(of: place.place.text).find())?.isEmpty != false, Date() < deadline {}
            }
        } throws: { error in
            "\(error)".contains("is used by 'tail (process \(started.withLock { $0 } ?? 0))'")
        }
        #expect(try !place.isMounted)
    }

    @Test func whatDoesNotFitStays() throws {
        let place = try Place(size: "16M")
        try place.scratch.shell("head -c 20M /dev/urandom >place/big")
        let before = try place.facts
        #expect {
            try place.move()
        } throws: { error in
            "\(error)".hasPrefix("the files in '\(place.place)' cannot be copied: ")
                && "\(error)".hasSuffix("give a larger SIZE")
        }
        #expect(try !place.isMounted && place.facts == before)
    }

    @Test func aPoolIsNotFilled() throws {
        let place = try Place(size: "64M")
        try place.scratch.shell("head -c 20M /dev/urandom >place/big")
        #expect {
            try place.move(room: Bytes(1 << 20))
        } throws: { error in
            "\(error)".hasPrefix("pool 'HostVG/ImagePool' lacks ")
        }
        #expect(try !place.isMounted)
    }

    @Test func aPlaceIsLookedAt() throws {
        let place = try Place()
        let path = place.device.path
        let volume = Volume(path: path, size: Bytes(0), segmentType: "thin")
        func survey(_ path: String) throws -> PlaceSurvey {
            try PlaceProbe.survey(try #require(DataPlace(path)), [volume])
        }
        #expect(try survey(place.place.text) == PlaceSurvey(.directory))
        #expect(try survey(place.place.text + "/one").kind == .other)
        #expect(try survey(place.place.text + "/none/deep") == PlaceSurvey(.nothing))
        try place.scratch.shell("ln -s deep place/way; ln -s nowhere place/lost")
        #expect(try survey(place.place.text + "/way").real == place.place.text + "/deep")
        #expect(try survey(place.place.text + "/way/none").real == place.place.text + "/deep/none")
        #expect(try survey(place.place.text + "/lost").kind == .other)
        try place.move()
        let covered = try survey(place.place.text)
        #expect(covered.mountedVolume == path && covered.mounted?.isEmpty == false)
        let above = try #require(
            place.place.path.parent.flatMap { String(decoding: $0.bytes, as: UTF8.self) })
        #expect(try survey(above).inner == [place.place.text])
    }
}
