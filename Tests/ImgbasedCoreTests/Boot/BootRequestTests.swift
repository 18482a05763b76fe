import Testing

@testable import ImgbasedCore

@Suite struct BootRequestTests {
    private func request(_ text: String) -> BootRequest {
        BootRequest(commandLine: KernelCommandLine(text))
    }

    @Test func readsEverything() {
        let request = request(
            "root=/dev/x/y rd.imgbased.layer=Base-0.2 rd.imgbased.vg=Other rd.imgbased.mode=volatile ro "
                + "rd.imgbased.fallback=Base-0.1,previous rd.imgbased.activate=native rd.imgbased.timeout=5 "
                + "rd.imgbased.thincheck=never fsck.mode=force fsck.repair=yes rootflags=noatime")
        #expect(request.isOurs)
        #expect(request.layer == .named("Base-0.2"))
        #expect(request.layerSource == "rd.imgbased.layer=Base-0.2")
        #expect(!request.namesVolumes)
        #expect(request.groupSelector == .named("Other"))
        #expect(request.mode == .volatile)
        #expect(!request.mountsWritable)
        #expect(request.fallback == [.named("Base-0.1"), .previous])
        #expect(request.activate == .native)
        #expect(request.timeout == 5)
        #expect(request.thinCheck == .never)
        #expect(request.fileSystemCheck.mode == .force)
        #expect(request.fileSystemCheck.repair == .yes)
        #expect(request.rootFlags == MountOptions("noatime"))
        #expect(request.rootArgument == "/dev/x/y")
        #expect(request.warnings == [])
    }

    @Test func hasDefaults() {
        let request = request("rd.imgbased.layer=latest quiet")
        #expect(request.isOurs)
        #expect(request.layer == .latest)
        #expect(request.groupSelector == .default)
        #expect(request.mode == .readWrite)
        #expect(request.mountsWritable)
        #expect(request.fallback == [])
        #expect(request.activate == .auto)
        #expect(request.timeout == BootRequest.defaultTimeout)
        #expect(request.thinCheck == .auto)
        #expect(request.fileSystemCheck.mode == .auto)
        #expect(request.fileSystemCheck.repair == .preen)
        #expect(request.rootFlags == MountOptions())
        #expect(request.rootArgument == nil)
        #expect(request.warnings == [])
    }

    /// The layer, its group, and the argument that decides.
    @Test(
        arguments: [
            ("root=/dev/HostVG/Base-0.1", "Base-0.1", "HostVG", "root=/dev/HostVG/Base-0.1"),
            ("root=/dev/mapper/HostVG-Base--0.1", "Base-0.1", "HostVG", "root=/dev/mapper/HostVG-Base--0.1"),
            ("rd.lvm.lv=HostVG/Base-0.1", "Base-0.1", "HostVG", "rd.lvm.lv=HostVG/Base-0.1"),
            ("img.bootid=n-1-1+1", "n-1-1+1", nil, "img.bootid=n-1-1+1"),
            ("img.bootid=n-1-1+1 rd.lvm.lv=onn/n-1-1+1", "n-1-1+1", "onn", "img.bootid=n-1-1+1"),
            // A host of oVirt.
            (
                "root=/dev/onn/n-1-1+1 rd.lvm.lv=onn/n-1-1+1 rd.lvm.lv=onn/swap img.bootid=n-1-1+1",
                "n-1-1+1", "onn",
                "root=/dev/onn/n-1-1+1"
            ),
            ("root=/dev/a/b rd.imgbased.layer=c", "c", "a", "rd.imgbased.layer=c"),
            ("root=/dev/a/b rd.imgbased.vg=d", "b", "d", "root=/dev/a/b"),
            ("rd.imgbased.layer=a rd.imgbased.layer=b", "b", nil, "rd.imgbased.layer=b"),
            ("root=/dev/a/b root=/dev/c/d", "d", "c", "root=/dev/c/d"),
            ("root=UUID=1 rd.imgbased.layer=a", "a", nil, "rd.imgbased.layer=a"),
            // Without root=, the volume with the name of a layer is meant.
            ("rd.lvm.lv=onn/n-1-1+1 rd.lvm.lv=onn/swap", "n-1-1+1", "onn", "rd.lvm.lv=onn/n-1-1+1"),
            ("rd.lvm.lv=a/Base-0.1 rd.lvm.lv=a/Base-0.2", "Base-0.2", "a", "rd.lvm.lv=a/Base-0.2"),
            ("rd.lvm.lv=a/root rd.lvm.lv=a/home", "home", "a", "rd.lvm.lv=a/home"),
            ("rd.imgbased.layer=\"Base-0.1\"", "Base-0.1", nil, "rd.imgbased.layer=Base-0.1"),
            ("\"root=/dev/a/b\" \"quoted -- b\"", "b", "a", "root=/dev/a/b"),
            ("rd.imgbased.layer=a rd-imgbased-layer=b rd_imgbased_layer=c", "a", nil, "rd.imgbased.layer=a"),
        ] as [(String, String, String?, String)])
    func findsTheLayer(text: String, layer: String, group: String?, source: String) {
        let request = request(text)
        #expect(request.isOurs)
        #expect(request.layer == .named(layer))
        #expect(request.groupSelector == group.map { .named($0) } ?? .default)
        #expect(request.layerSource == source)
        #expect(request.namesVolumes == !source.hasPrefix("rd.imgbased"))
        #expect(request.warnings == [])
    }

    @Test(arguments: [
        "", "quiet ro", "root=/dev/sda1", "root=UUID=1234", "root=LABEL=root", "root=PARTUUID=1",
        "root=nfs:host:/x",
        "root=/dev/disk/by-uuid/1", "root=/dev/disk/x", "root=/dev/md/0", "root=/dev/mapper/mpatha",
        "root=/dev/mapper/luks-8d1f-11ec-9621-0242", "root=/dev/mapper/a-b-c", "root=/dev/a/b/c",
        "root=/dev/a/",
        "root=/dev//a", "root=/dev/HostVG/pool_tdata", "root", "root=UUID=1 rd.lvm.lv=fedora/root",
        "root=UUID=1 img.bootid=x", "rd.lvm.lv=onlyvg", "rd.lvm.vg=x", "rd.imgbased.mode=ro",
        "rd.imgbased=0 root=/dev/HostVG/Base-0.1", "rd.imgbased=0 rd.imgbased.layer=Base-0.1",
        "rd.imgbased.layer=a rd.imgbased=0", "root=/dev/a/b rd.imgbased=no", "a -- rd.imgbased.layer=b",
    ])
    func staysOutOfTheWay(text: String) {
        #expect(!request(text).isOurs)
    }

    @Test(arguments: [
        ("", true), ("ro", false), ("rw", true), ("ro rw", true), ("rw ro", false),
        ("rd.imgbased.mode=rw ro", true),
        ("rd.imgbased.mode=ro rw", false), ("rd.imgbased.mode=volatile rw", false), ("ro=1", true),
    ])
    func knowsHowToMount(text: String, writable: Bool) {
        #expect(request(text).mountsWritable == writable)
    }

    @Test(arguments: [
        (
            "rd.imgbased.mode=rx",
            ["'rd.imgbased.mode=rx' is not understood, using the default; valid are rw, ro, volatile"]
        ),
        (
            "rd.imgbased.mode",
            ["'rd.imgbased.mode' is not understood, using the default; valid are rw, ro, volatile"]
        ),
        (
            "rd.imgbased.activate=lvm2",
            ["'rd.imgbased.activate=lvm2' is not understood, using the default; valid are auto, native, lvm"]
        ),
        (
            "rd.imgbased.timeout=-1",
            ["'rd.imgbased.timeout=-1' is not understood, using the default; valid are seconds, 0 to 86400"]
        ),
        (
            "rd.imgbased.timeout=99999999999999999999",
            [
                "'rd.imgbased.timeout=99999999999999999999' is not understood, using the default; "
                    + "valid are seconds, 0 to 86400"
            ]
        ),
        (
            "rd.imgbased.vg=-a",
            ["'rd.imgbased.vg=-a' is not understood, using the default; valid are the name of a volume group"]
        ),
        (
            "rd.imgbased.layer=a/b",
            [
                "'rd.imgbased.layer=a/b' is not understood, using the default; "
                    + "valid are the name of a layer or a base, latest, previous"
            ]
        ),
        (
            "rd.imgbased.fallback=a,/,b",
            [
                "'/' in 'rd.imgbased.fallback=a,/,b' is not understood, ignoring; "
                    + "valid are names of layers or bases, latest, previous, with commas between"
            ]
        ),
        ("rd.imgbased=maybe", ["'rd.imgbased=maybe' is not understood, using the default; valid are 0, 1"]),
        (
            "rd.imgbased.thincheck=yes",
            [
                "'rd.imgbased.thincheck=yes' is not understood, using the default; valid are auto, always, never"
            ]
        ),
        (
            "rd.imgbased.thin-check=auto",
            [
                "unknown argument 'rd.imgbased.thin-check', ignoring; valid are rd.imgbased.activate=, "
                    + "rd.imgbased.fallback=, rd.imgbased.layer=, rd.imgbased.mode=, rd.imgbased.reason=, "
                    + "rd.imgbased.thincheck=, rd.imgbased.timeout=, rd.imgbased.vg="
            ]
        ),
        (
            "rd.imgbased.layer=a rd.imgbased.layer=",
            [
                "'rd.imgbased.layer=' is not understood, using the default; "
                    + "valid are the name of a layer or a base, latest, previous"
            ]
        ),
        ("rd.imgbased.mode=x rd.imgbased.mode=ro", []),
        ("rd.imgbased.fallback= rd.imgbased=1", []),
        ("rd.lvm.lv=x imgbased.mode=y rd.imgbasedx=1", []),
    ])
    func warns(text: String, warnings: [String]) {
        #expect(request(text).warnings == warnings)
    }

    @Test(arguments: [
        ("rd.imgbased.fallback=a,b", ["a", "b"]), ("rd.imgbased.fallback=a rd.imgbased.fallback=b", ["b"]),
        ("rd.imgbased.fallback=,a,,latest,", ["a", "latest"]),
        ("rd.imgbased.fallback=\"a,previous\"", ["a", "previous"]),
        ("rd.imgbased.fallback=\"a, b\"", ["a"]), ("rd.imgbased.fallback", []),
    ])
    func fallsBackInOrder(text: String, expected: [String]) {
        #expect(request(text).fallback.map(\.description) == expected)
    }

    @Test(arguments: ["rd.imgbased.layer", "rd.imgbased.layer=", "rd.imgbased.layer=\"\""])
    func aLayerWithoutANameIsWhatRootSaysOrTheLatest(text: String) {
        #expect(request(text).layer == .latest)
        #expect(request(text).isOurs)
        #expect(request(text + " root=/dev/a/b").layer == .named("b"))
        #expect(request(text + " root=/dev/a/b").layerSource == "root=/dev/a/b")
    }

    @Test func goesOnWithDefaultsAfterAWarning() {
        let request = request(
            "rd.imgbased.layer=/ rd.imgbased.mode=? rd.imgbased.timeout=x rd.imgbased.fallback=a,/,b")
        #expect(request.isOurs)
        #expect(request.layer == .latest)
        #expect(request.mode == .readWrite)
        #expect(request.timeout == BootRequest.defaultTimeout)
        #expect(request.fallback == [.named("a"), .named("b")])
        #expect(request.warnings.count == 4)
    }

    @Test(
        arguments: [
            ("fsck.mode=skip", .skip, .preen), ("rd.skipfsck fsck.mode=force", .skip, .preen),
            ("fsck.mode=x fsck.repair=x", .auto, .preen), ("fsck.mode=force fsck.mode=auto", .auto, .preen),
            ("fsck.repair=no", .auto, .no), ("fsck.mode fsck.repair", .auto, .preen),
        ] as [(String, FileSystemCheck.Mode, FileSystemCheck.Repair)])
    func knowsHowToCheck(text: String, mode: FileSystemCheck.Mode, repair: FileSystemCheck.Repair) {
        let check = request(text).fileSystemCheck
        #expect(check.mode == mode)
        #expect(check.repair == repair)
        // Not our argument: no warning.
        #expect(request(text).warnings == [])
    }

    @Test func keepsWarningsOnOneLine() {
        #expect(!self.request("\"rd.imgbased.x\ny\"=1").warnings.joined().contains("\n"))
        #expect(self.request("\"rd.imgbased.x\ny\"=1").warnings.count == 1)
    }
}
