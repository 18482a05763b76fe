import ImgbasedCore
import ImgbasedHostCore
import Testing

@Suite struct TreeListingTests {
    private func listing(_ lines: String...) -> TreeListing {
        var listing = TreeListing()
        for line in lines { listing.add(Array(line.utf8)) }
        return listing
    }

    @Test func countsWhatTheToolsList() {
        let tar = listing(
            "drwxr-xr-x 0/0               0 2026-11-25 02:43 ./",
            "drwxr-xr-x 0/0               0 2026-11-25 02:43 ./etc/",
            "-rw-r--r-- 0/0            4097 2026-11-25 02:43 ./etc/os-release",
            "hrw-r--r-- 0/0               0 2026-11-25 02:43 ./etc/two link to ./etc/one",
            "lrwxrwxrwx 0/0               0 2026-11-25 02:43 ./usr -> system/usr",
            "crw-r--r-- 0/0             1,3 2026-11-25 02:43 ./null")
        #expect(tar.size == TreeSize(entries: 6, data: 4096 + 4096 + 8192))
        #expect(tar.isRoot && !tar.isOCI && tar.liveImage == nil)
        let squashfs = listing(
            "drwxr-xr-x 0/0                  29 2026-11-25 02:43 squashfs-root",
            "drwxr-xr-x 0/0                  33 2026-11-25 02:43 squashfs-root/LiveOS",
            "-rw-r--r-- 0/0            10485760 2026-11-25 02:43 squashfs-root/LiveOS/rootfs.img")
        #expect(squashfs.liveImage == Bytes(10_485_760) && !squashfs.isRoot)
    }

    @Test func knowsAnArchiveOfALayout() {
        let archive = listing(
            "-rw-r--r-- 0/0 30 2026-11-25 02:43 ./oci-layout", "-rw-r--r-- 0/0 30 2026-11-25 02:43 index.json"
        )
        #expect(archive.isOCI)
        #expect(!listing("-rw-r--r-- 0/0 30 2026-11-25 02:43 etc/oci-layout").isOCI)
        #expect(
            listing("-rw-r--r-- 0/0 30 2026-11-25 02:43 manifest.json").problem.contains("docker save"))
    }

    @Test(arguments: [
        "", " ", "-", "-rw-r--r--", "-rw-r--r-- 0/0 x 2026-11-25 02:43 a", "line of a name",
        "-rw-r--r-- 0/0 -5 a b c",
        "-rw-r--r-- 0/0 99999999999999999999 2026-11-25 02:43 a",
    ])
    func passesOverWhatIsNoLine(line: String) {
        #expect(listing(line).size == TreeSize())
    }

    // A contiguous file, and kinds unknown to tar(1), which unpacks them as files.
    @Test(arguments: ["C", "?", "V"]) func countsWhateverHasASize(kind: String) {
        #expect(
            listing("\(kind)rw-r--r-- 0/0 4097 2026-11-25 02:43 a").size == TreeSize(entries: 1, data: 8192))
    }

    @Test func directoriesNeedNoEntries() {
        let long = String(repeating: "x", count: 200)
        #expect(
            listing(
                "-rw-r--r-- 0/0 1 2026-11-25 02:43 ./etc/\(long)",
                "hrw-r--r-- 0/0 0 2026-11-25 02:43 usr/a link to b"
            ).isRoot)
        #expect(
            !listing(
                "-rw-r--r-- 0/0 1 2026-11-25 02:43 etcetera/x", "-rw-r--r-- 0/0 1 2026-11-25 02:43 x/usr/a"
            ).isRoot)
    }

    @Test func numbersDoNotOverflow() {
        let huge = "-rw-r--r-- 0/0 18446744073709551615 2026-11-25 02:43 a"
        let size = listing(huge, huge).size
        #expect(size.data == UInt64.max && size.entries == 2)
        #expect(size.minimum(.ext4).count > 1 << 60 && size.recommended.count > 1 << 60)
        #expect(size.allocated.count > 1 << 60)
    }

    @Test func whatAnArchiveDoesNotHaveIsHoles() {
        var tar = listing(
            "-rw-r--r-- 0/0 375809638400 2026-11-25 02:43 a", "-rw-r--r-- 0/0 4096 2026-11-25 02:43 b")
        let whole = tar.size
        #expect(whole.large == 350 << 30 && whole.minimum(.ext4).count > 350 << 30)
        #expect(whole.minimum(.ext4, mayBeHoles: true) < Bytes(64 << 20))
        tar.limit(toArchive: 1 << 40)
        #expect(tar.size == whole)
        tar.limit(toArchive: 10240)
        #expect(tar.size.stored == 10240 + 2 * 4096 && tar.size.large == 0)
        #expect(tar.size.minimum(.ext4) < Bytes(64 << 20) && tar.size.recommended < Bytes(1 << 30))
        #expect(tar.size.allocated == whole.allocated, "what is around holes can be more than was stored")
        var huge = listing("-rw-r--r-- 0/0 18446744073709551615 2026-11-25 02:43 a")
        huge.limit(toArchive: .max)
        #expect(huge.size.stored == .max)
    }

    @Test func hasRoomToGrow() {
        let small = TreeSize(entries: 10, data: 1 << 20)
        #expect(small.minimum(.xfs).count >= 300 << 20)
        let large = TreeSize(entries: 100_000, data: 4 << 30)
        #expect(large.recommended.count > 6 << 30)
        #expect(large.minimum(.ext4) < large.recommended && large.minimum(.xfs) < large.recommended)
    }
}

@Suite struct ChecksumListTests {
    private static let a = String(repeating: "0a", count: 32)
    private static let b = String(repeating: "b1", count: 32)

    @Test(
        arguments: [
            ("\(a)  x\n", "x", .digest(a)), ("\(a) *x\n\(b)  y", "y", .digest(b)),
            ("\(a)  ./x\r\n", "x", .digest(a)),
            (a.uppercased() + "  x", "x", .digest(a)), ("SHA256 (x y) = \(a)\n", "x y", .digest(a)),
            ("\\\(a)  x\\ny\n", "x\ny", .digest(a)), ("\(a)  x\n\(a)  x\n", "x", .digest(a)),
            ("\(a)  x\n\(b)  x\n", "x", .contradictory), ("\(a)  x\n", "y", .missing), ("", "x", .missing),
            ("\(a)  dir/x\n", "x", .missing), ("\(a.dropLast())  x\n", "x", .missing),
            ("\(a)x  x\n", "x", .missing),
            // Formats that sha256sum --check reads.
            (" \t\(a)  x\n", "x", .digest(a)), ("\(a) x\n", "x", .digest(a)), ("\(a)\t x\n", "x", .digest(a)),
            ("\(a) x\n\(b)  x\n", " x", .digest(b)), ("\(a)  y\n\(b) x\n", "x", .missing),
            ("  \\\(a)  x\\ny\n", "x\ny", .digest(a)),
            ("\\SHA256 (a\\\\b.tar) = \(a)\n", "a\\b.tar", .digest(a)), ("SHA256(x)=\(a)", "x", .digest(a)),
            (" SHA256 (x)) \t= \t\(a)", "x)", .digest(a)), ("SHA256 (x) = \(a) ", "x", .missing),
            ("\\SHA256 (a\\b) = \(a)\n", "a\\b", .missing), ("SHA256 x = \(a)", "x", .missing),
            ("SHA256 (", "", .missing), ("SHA256 ()", "", .missing),
            ("\(a)  ", "", .missing), ("SHA512 (x) = \(a)", "x", .missing), ("# \(a)  x", "x", .missing),
        ] as [(String, String, ChecksumList.Answer)])
    func reads(text: String, name: String, answer: ChecksumList.Answer) {
        #expect(ChecksumList(Array(text.utf8)).answer(for: name) == answer)
    }

    @Test(
        arguments: [
            (ImageProgress(.write, done: Bytes(1 << 20), total: Bytes(4 << 20)), 25),
            (ImageProgress(.write, done: Bytes(5), total: Bytes(0)), nil),
            (ImageProgress(.list, done: Bytes(5), total: nil), nil),
            (ImageProgress(.fill, done: Bytes(9), total: Bytes(4)), 99),
            (ImageProgress(.verify, done: Bytes(UInt64.max - 1), total: Bytes(UInt64.max)), 99),
        ] as [(ImageProgress, Int?)])
    func countsPercent(progress: ImageProgress, percent: Int?) {
        #expect(progress.percent == percent)
    }

    @Test func progressIsOneLine() {
        let progress = ImageProgress(.write, done: Bytes(1 << 20), total: Bytes(4 << 20))
        #expect(progress.line == "writing the image: 1.00 MiB of 4.00 MiB, 25%")
        #expect(progress.json == #"{"phase":"write","done":1048576,"total":4194304}"#)
        #expect(ImageProgress(.unpack, done: Bytes(3), total: nil).json == #"{"phase":"unpack","done":3}"#)
    }
}
