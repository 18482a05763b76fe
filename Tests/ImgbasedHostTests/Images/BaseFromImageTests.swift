import Foundation
import Glibc
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux
import Testing

@testable import ImgbasedHost

/// Every format, written as by `imgbase base --add`.
///
/// The steps are the planner's without those of lvm2, on a loop device with the volume's name.
@Suite(.serialized, .enabled(if: ImageMaker.missing == nil, Comment(rawValue: ImageMaker.missing ?? "")))
struct BaseFromImageTests {
    private static let pool = VolumePath(group: "", name: "ImagePool")

    private static func state(_ group: String) -> HostState {
        var state = HostState()
        state.groups = [
            HostState.Group(
                name: group, uuid: "", size: Bytes(20 << 30), free: Bytes(0), extentSize: Bytes(4 << 20),
                tags: [])
        ]
        var pool = Volume(
            path: VolumePath(group: group, name: "ImagePool"), size: Bytes(20 << 30), segmentType: "thin-pool"
        )
        pool.usage = PoolUsage(
            data: 0, metadata: 0, metadataSize: Bytes(64 << 20), chunkSize: Bytes(64 << 10), zeroes: true)
        state.volumes = [pool]
        return state
    }

    /// The result of writing an image.
    struct Written {
        let device: LayerFileSystemTests.Device
        let facts: ImageFacts
        let description: ImageDescription
    }

    /// Writes `source` as planned, and checks the properties of every base.
    static func add(
        _ source: ImageSource, _ maker: ImageMaker, size: Bytes? = nil, type: FileSystemType? = nil
    ) async throws -> Written {
        // As small as possible: the whole volume is read repeatedly.
        var smallest: Bytes?
        if case .tree(let tree) = source.description.content {
            smallest = tree.size.minimum(type ?? tree.type)
        }
        let names = HostNames(group: "HostVG", pool: "ImagePool", in: HostState())
        let planner = BasePlanner(
            name: "Base-0", size: size ?? smallest, image: source.description, fileSystem: type)
        let (plan, _) = try planner.plan(state("HostVG"), names: names)
        guard case .createBase(_, _, let volume) = plan.prepare.first else {
            throw Helper.Failed(description: "no volume is planned")
        }
        let device = try LayerFileSystemTests.Device(
            try maker.scratch.write("volume", []), size: String(volume.count))
        var local = Plan(goal: plan.goal)
        local.prepare = plan.prepare.compactMap { step in
            switch step {
            case .createBase, .protectBase: nil
            case .writeImage(let image, _, let allowance): .writeImage(image, to: device.path, allowance)
            case .makeBaseFileSystem(_, let draft): .makeBaseFileSystem(device.path, draft)
            case .fillBase(let image, let format, _, let type):
                .fillBase(image, format, to: device.path, type)
            default: step
            }
        }
        #expect(local.prepare.count == plan.prepare.count - 2)
        var executor = Executor(runner: CommandRunner(), source: source)
        try await executor.run(local)
        let facts = executor.image
        // The tags promise this digest.
        let command = "head -c \(facts.length) \(device.path.device) | sha256sum"
        #expect(try maker.shell(command) == facts.digest + "  -")
        #expect(
            try BaseVerifier.compare(
                device.path.device, digest: facts.digest, length: try #require(UInt64(facts.length)),
                ImageReporter())
                == .unchanged)
        let mounts = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
        #expect(!mounts.contains(device.path.group), "nothing stays mounted")
        return Written(device: device, facts: facts, description: source.description)
    }

    /// The facts of a tree that must arrive.
    static func facts(_ place: String, _ maker: ImageMaker, without: Set<String> = []) throws -> Set<String> {
        let text = try maker.shell(
            """
            cd \(place); find . -mindepth 0 -not -path './lost+found*' -printf '%y %m %U %G %s %n %l %P' \\
                -exec sh -c 'case $(stat -c %F "$1") in regular*) sha256sum < "$1";; *) echo;; esac' - {} ';' \\
                | sed 's/^d \\([0-7]*\\) \\([0-9]* [0-9]*\\) [0-9]* [0-9]*/d \\1 \\2/'
            stat -c '%n %t %T' null disk; stat -c '%n %Y' . etc/os-release
            # XFS also shows its own form of an ACL.
            getfattr -R -h -d -m - -e hex . 2>/dev/null | grep -v SGI_ACL
            """)
        return Set(text.split(separator: "\n").map(String.init)).subtracting(without)
    }

    @Test(
        arguments: [
            ("ext4", nil), ("xfs", nil), ("live", nil), ("squashfs", nil), ("tar", nil), ("pax", nil),
            ("ext4", "gzip"), ("ext4", "xz"), ("ext4", "zstd"), ("live", "xz"), ("squashfs", "zstd"),
            ("tar", "gzip"),
            ("tar", "zstd"), ("pax", "xz"),
        ] as [(String, String?)])
    func everythingArrives(format: String, compressor: String?) async throws {
        let maker = try ImageMaker()
        let source = try ImageSource(try maker.image(format, compressor), trust: maker.trust)
        let written = try await BaseFromImageTests.add(source, maker)
        // mksquashfs drops ACLs, and tells so.
        if format == "squashfs" { try maker.shell("setfacl -b tree/etc/acl") }
        let expected = try BaseFromImageTests.facts(maker.scratch("tree"), maker)
        #expect(expected.contains { $0.contains("security.capability") })
        try looking(at: written.device.path.device, in: maker.scratch) { (place: String) throws in
            let found = try BaseFromImageTests.facts(place, maker)
            #expect(found.symmetricDifference(expected) == [])
            let blocks = try #require(Int(try maker.shell("stat -c %b seen/hole")))
            #expect(blocks * 512 < 1 << 20, "holes stay holes")
            #expect(try maker.shell("stat -c %i seen/etc/one") == maker.shell("stat -c %i seen/etc/two"))
        }
        if source.description.signature?.type == .ext4 || source.description.signature == nil {
            try maker.shell("e2fsck -fn \(written.device.path.device)")
        }
    }

    @Test(
        arguments: [
            ("oci-directory", nil), ("oci", nil), ("oci-tail", "zstd"), ("oci", "gzip"), ("oci-zstd", nil),
            ("oci-zstd-plain", "zstd"),
        ] as [(String, String?)])
    func layersAreApplied(format: String, compressor: String?) async throws {
        let maker = try ImageMaker()
        let image = try maker.image(format, compressor)
        let place: String
        do {
            let source = try ImageSource(image, trust: maker.trust)
            guard case .oci(let layout) = source.body else {
                Issue.record("it was not taken for an image in the OCI layout")
                return
            }
            // Other tests make their own beside it.
            place = String(try #require(layout.image.split(separator: ":").first))
            #expect(place.hasPrefix(HostTemporary.directory) && HostSystem.exists(place))
            let written = try await BaseFromImageTests.add(source, maker)
            try maker.shell("setfacl -b tree/etc/acl")
            try looking(at: written.device.path.device, in: maker.scratch) { (place: String) throws in
                #expect(
                    try maker.shell("cat seen/etc/new; ls -A seen/var; ls seen/etc/attr 2>&1 || true")
                        .hasPrefix("new\nls: "))
                #expect(try maker.shell("getcap -r seen/usr").hasSuffix("cap_net_raw=ep"))
                let names = "stat -c '%a %u %g' . etc/secret; { ls -Ab; echo lost+found; } | sort -u"
                let (found, expected) = (
                    try maker.shell("cd seen; " + names), try maker.shell("cd tree; " + names)
                )
                #expect(found == expected)
                #expect(
                    try maker.shell("stat -c '%F %t %T' seen/null seen/disk seen/pipe")
                        == maker.shell(
                            "stat -c '%F %t %T' tree/null tree/disk tree/pipe"))
                #expect(try maker.shell("stat -c %i seen/etc/one") == maker.shell("stat -c %i seen/etc/two"))
                #expect(
                    try maker.shell("cmp tree/hole seen/hole && readlink seen/etc/outside").hasSuffix(
                        "etc/passwd"))
            }
        }
        let own = place.prefix(upTo: try #require(place.lastIndex(of: "/")))
        #expect(!HostSystem.exists(String(own)), "nothing is left in /var/tmp")
    }

    @Test(arguments: ["oci-zstd", "oci-gzip-zstd", "oci-zstd-plain"])
    func layersAreTheSameHoweverTheyAreCompressed(format: String) async throws {
        let maker = try ImageMaker()
        func contents(_ format: String) async throws -> Set<String> {
            try maker.shell("rm -rf image layout")
            let source = try ImageSource(try maker.image(format), trust: maker.trust)
            let written = try await BaseFromImageTests.add(source, maker)
            var found: Set<String> = []
            try looking(at: written.device.path.device, in: maker.scratch) { (place: String) throws in
                found = try BaseFromImageTests.facts(place, maker)
            }
            return found
        }
        let expected = try await contents("oci-directory")
        #expect(expected.contains { $0.contains(" etc/new") })
        #expect(!expected.contains { $0.contains(" etc/attr") })
        #expect(try await contents(format).symmetricDifference(expected) == [])
    }

    @Test(arguments: ["tar", "squashfs", "oci"])
    func filesGetTheFileSystemThatIsAskedFor(format: String) async throws {
        let maker = try ImageMaker()
        let source = try ImageSource(try maker.image(format), trust: maker.trust)
        let written = try await BaseFromImageTests.add(source, maker, type: .xfs)
        #expect(try maker.shell("blkid -p -o value -s TYPE \(written.device.path.device)") == "xfs")
        try maker.shell("xfs_repair -n \(written.device.path.device)")
    }

    @Test func aTreeThatDoesNotFitIsTold() async throws {
        let maker = try ImageMaker()
        try maker.shell("head -c 60M /dev/urandom > tree/usr/large")
        let source = try ImageSource(try maker.image("tar"), trust: maker.trust)
        guard case .tree(let tree) = source.description.content else {
            return #expect(Bool(false), "no tree")
        }
        let needed = tree.size.minimum(.ext4)
        let error = await #expect(throws: HostRefusal.self) {
            _ = try await BaseFromImageTests.add(source, maker, size: Bytes(needed.count - 1))
        }
        #expect(error?.description.contains("is too small; it needs at least") == true)
        // A volume that is too small despite the plan, for example because the image grew meanwhile.
        let device = try LayerFileSystemTests.Device(try maker.scratch.write("volume", []), size: "32M")
        var plan = Plan(goal: "test")
        plan.prepare = [
            .makeBaseFileSystem(device.path, FileSystemDraft(type: .ext4, uuid: tree.uuid, isZeroed: true)),
            .fillBase("image", .tar, to: device.path, .ext4),
        ]
        let full = await #expect(throws: CommandFailure.self) {
            var executor = Executor(runner: CommandRunner(), source: source)
            try await executor.run(plan)
        }
        #expect(full?.description.contains("found no space left; give a larger --size") == true)
    }

    @Test func whatLeadsOutStaysInside() async throws {
        let maker = try ImageMaker()
        let victim = maker.scratch("victim")
        try maker.shell(
            """
            mkdir victim
            cat > make.py <<'END'
            import tarfile, io, sys
            out = tarfile.open("image", "w")
            def add(name, type=tarfile.REGTYPE, link="", data=b""):
                entry = tarfile.TarInfo(name); entry.type = type; entry.linkname = link; entry.size = len(data)
                entry.mode = 0o755 if type == tarfile.DIRTYPE else 0o644
                out.addfile(entry, io.BytesIO(data))
            for name in sys.argv[2].split():
                {"root": lambda: [add("etc", tarfile.DIRTYPE), add("usr", tarfile.DIRTYPE)],
                 "absolute": lambda: add(sys.argv[1] + "/absolute", data=b"x"),
                 "parent": lambda: add("etc/../../../../../../.." + sys.argv[1] + "/parent", data=b"x"),
                 "link": lambda: [add("leads", tarfile.SYMTYPE, sys.argv[1]), add("leads/through", data=b"x")],
                 "hard": lambda: [add("etc/hard", tarfile.LNKTYPE, sys.argv[1] + "/known"), add("etc/hard", data=b"x")],
                }[name]()
            out.close()
            END
            echo known > victim/known
            """)
        func fill(_ what: String) async throws -> String {
            try maker.shell("python3 make.py \(victim) 'root \(what)'")
            do {
                let source = try ImageSource(maker.scratch("image"), trust: maker.trust)
                let written = try await BaseFromImageTests.add(source, maker)
                try looking(at: written.device.path.device, in: maker.scratch) { (place: String) throws in
                    #expect(
                        try maker.shell("find seen -name absolute | wc -l")
                            == (what == "absolute" ? "1" : "0"))
                }
                return "done"
            } catch {
                return "\(error)"
            }
        }
        #expect(try await fill("absolute") == "done")
        #expect(try await fill("parent").contains("tar ended with status 2"))
        #expect(try await fill("link").contains("tar ended with status 2"))
        #expect(try await fill("hard").contains("tar ended with status 2"))
        #expect(try maker.shell("ls victim; cat victim/known") == "known\nknown")
    }

    @Test func whatComesThroughAPipeIsAnyOfThem() async throws {
        let maker = try ImageMaker()
        for (format, compressor) in [("ext4", "zstd"), ("squashfs", nil), ("tar", "xz")]
            as [(String, String?)]
        {
            try maker.shell("rm -rf image")
            let image = try maker.image(format, compressor)
            let pipe = maker.scratch("pipe-\(format)")
            try Helper.run("/usr/bin/mkfifo", pipe)
            try maker.shell("dd if=\(image) of=\(pipe) bs=7777 status=none >/dev/null 2>&1 &")
            let source = try ImageSource(pipe, trust: maker.trust)
            let written = try await BaseFromImageTests.add(source, maker)
            try looking(at: written.device.path.device, in: maker.scratch) { (place: String) throws in
                #expect(try maker.shell("cmp tree/hole seen/hole; cat seen/etc/one") == "linked")
            }
        }
    }
}
