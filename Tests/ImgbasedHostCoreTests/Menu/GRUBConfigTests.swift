import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

@Suite struct GRUBConfigTests {
    private static let section =
        "### BEGIN /etc/grub.d/09_imgbased ###\nset x=1\n### END /etc/grub.d/09_imgbased ###\n\n"
    private static let header =
        "### BEGIN /etc/grub.d/00_header ###\nset timeout=5\n### END /etc/grub.d/00_header ###\n\n"
    private static let linux = "### BEGIN /etc/grub.d/10_linux ###\n### END /etc/grub.d/10_linux ###\n\n"
    private static let others =
        "### BEGIN /etc/grub.d/30_os-prober ###\n### END /etc/grub.d/30_os-prober ###\n"

    private static let placements: [(before: String, after: String)] = [
        // The place where grub-mkconfig would put it.
        (header + linux + others, header + section + linux + others),
        (header + others, header + section + others),
        // A file written by hand.
        ("menuentry 'x' {\n}\n", "menuentry 'x' {\n}\n" + section),
        ("", section),
        // An older section of ours.
        (header + older + linux, header + section + linux),
        (header + section + linux, header + section + linux),
        // A mark counts only at the start of a line.
        ("# ### BEGIN /etc/grub.d/10_linux\n", "# ### BEGIN /etc/grub.d/10_linux\n" + section),
        // A section without an end is foreign text.
        (begin + linux, begin + section + linux),
    ]
    private static let begin = "### BEGIN /etc/grub.d/09_imgbased ###\n"
    private static let older = section.replacing("x=1", with: "y\nset z")

    @Test(arguments: placements)
    func putsOurSection(before: String, after: String) {
        var config = GRUBConfig(before)
        config.put("set x=1\n")
        #expect(config.text == after)
        config.put("set x=1\n")
        #expect(config.text == after, "once is enough")
    }

    @Test(arguments: [header + linux + others, header, "menuentry 'x' {\n}\n", "\u{301}\n\r\n"])
    func leavesNothingBehind(text: String) {
        var config = GRUBConfig(text)
        config.takeAway()
        #expect(config.text == text)
        config.put("set x=1\n")
        #expect(config.hasSection)
        config.takeAway()
        #expect(config.text == text)
    }

    /// grub-mkconfig puts marks around nothing.
    @Test func anEmptySectionIsNone() {
        let marks = Self.section.replacing("set x=1\n", with: "")
        var config = GRUBConfig(Self.header + marks + Self.linux)
        #expect(!config.hasSection)
        config.put("set x=1\n")
        #expect(config.text == Self.header + Self.section + Self.linux)
    }

    private static func machine() -> FakeMachine {
        var machine = FakeMachine()
        machine.state.boot.grubConfig = header + linux
        machine.state.boot.grubScript = "set x=1\n"
        return machine
    }

    @Test func installsAndUninstalls() throws {
        var machine = Self.machine()
        let plan = try BootLoaderPlanner.install(machine.state)
        // Both the menu and grub.cfg are checked before either is written.
        let verbs = plan.steps.map(\.verb)
        #expect(
            verbs == [
                "checkScript", "checkScript", "checkScript", "checkScript", "replaceFile", "replaceFile",
                "replaceFile", "recordBoot",
                "replaceFile", "link",
            ])
        try machine.perform(plan)
        #expect(machine.state.boot.grubConfig == Self.header + Self.section + Self.linux)
        #expect(machine.state.boot.isGRUBScriptLinked)
        #expect(machine.state.boot.menu != nil)
        #expect(try BootLoaderPlanner.install(machine.state).steps.isEmpty)
        try machine.perform(BootLoaderPlanner.uninstall(machine.state))
        #expect(machine.state.boot.grubConfig == Self.header + Self.linux)
        #expect(machine.state.boot.isGRUBScriptLinked, "the package has it")
        #expect(try BootLoaderPlanner.uninstall(machine.state).steps.isEmpty)
        // A power cut after the files were exchanged.
        machine.state.boot.leftovers = ["/boot/imgbased/.staging/grub.cfg", GRUBConfig.script + ".new"]
        #expect(
            try BootLoaderPlanner.uninstall(machine.state).steps == [
                .removeBootFiles([".staging/grub.cfg"], directory: "/boot/imgbased"),
                .removeFile(GRUBConfig.script + ".new"),
            ])
    }

    @Test func refusesWithoutWhatItNeeds() throws {
        var machine = Self.machine()
        machine.state.boot.grubConfig = nil
        #expect(throws: HostRefusal("put the layers into the boot menu", .noGRUBConfig("/boot/grub"))) {
            try BootLoaderPlanner.install(machine.state)
        }
        machine = Self.machine()
        machine.state.boot.grubScript = nil
        #expect(throws: HostRefusal("put the layers into the boot menu", .noGRUBScript)) {
            try BootLoaderPlanner.install(machine.state)
        }
        machine.state.boot.isMissing = true
        #expect(throws: HostRefusal("take the layers out of the boot menu", .bootNotMounted)) {
            try BootLoaderPlanner.uninstall(machine.state)
        }
    }
}
