import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// Installations by the kernel's arguments.
@Suite struct UnattendedTests {
    private static func wanted(_ line: String) throws -> UnattendedInstallation? {
        try UnattendedInstallation(KernelCommandLine(line))
    }

    @Test func nothingIsInstalledUnlessDisksAreNamed() throws {
        for line in [
            "", "quiet root=live:CDLABEL=LIVE", "imgbased.install.wipe=all imgbased.install.image=/x",
            "-- imgbased.install=/dev/sda", "rd.imgbased.install=/dev/sda", "imgbased.installation=/dev/sda",
        ] {
            #expect(try Self.wanted(line) == nil, "\(line)")
        }
    }

    @Test func theArgumentsAreThoseOfTheCommand() throws {
        let live = try #require(try Self.wanted("quiet imgbased.install=/dev/sda"))
        #expect(live.arguments(files: []) == ["--", UnattendedInstallation.liveImage, "/dev/sda"])
        #expect(live.ending == .reboot && !live.needsNetwork)
        let wanted = try #require(
            try Self.wanted(
                """
                imgbased.install=/dev/sda,/dev/sdb imgbased.install.image=http://h/node.img
                imgbased.install.wipe=yes imgbased.install.after=poweroff imgbased.install.loader=systemd-boot
                imgbased.install.hostname=a imgbased.install.hostname=node1 imgbased.install.ssh-key=/k1
                imgbased.install.ssh-key=https://h/k2 imgbased.install.overlay=/over "imgbased.install.boot-size=512M"
                """))
        #expect(wanted.ending == .poweroff && wanted.needsNetwork)
        #expect(wanted.sources.map(\.place) == ["/k1", "https://h/k2", "/over"])
        #expect(
            wanted.arguments(files: ["/f1", "/f2", "/f3"]) == [
                "--boot-size=512M", "--hostname=node1", "--loader=systemd-boot", "--wipe", "--keep-hosts",
                "--ssh-key=/f1", "--ssh-key=/f2", "--overlay=/f3", "--", "http://h/node.img", "/dev/sda",
                "/dev/sdb",
            ])
        let all = try Self.wanted("imgbased.install=/dev/sda imgbased.install.wipe=all")
        #expect(all?.words == ["--wipe"])
        #expect(try Self.wanted("imgbased.install=/dev/sda imgbased.install.wipe=no")?.words == [])
        let volumes = try Self.wanted(
            """
            imgbased.install=/dev/sda imgbased.install.volume=/home=1G imgbased.install.profile=server
            imgbased.install.volume=/srv=2G
            """)
        #expect(volumes?.words == ["--volume=/home=1G", "--volume=/srv=2G", "--profile=server"])
    }

    @Test(
        arguments: [
            ("imgbased.install", "names no disk"), ("imgbased.install=", "names no disk"),
            ("imgbased.install=sda", "names 'sda', which is not the path of a device"),
            ("imgbased.install=/dev/sda,--wipe", "names '--wipe', which is not the path of a device"),
            ("imgbased.install=/dev/sda imgbased.install.wipe=1", "must be no, yes or all"),
            ("imgbased.install=/dev/sda imgbased.install.wipe", "has no value"),
            ("imgbased.install=/dev/sda imgbased.install.after=halt", "must be reboot, poweroff or stay"),
            ("imgbased.install=/dev/sda imgbased.install.dry=1", "is not known"),
            ("imgbased.install=/dev/sda imgbased.install.keep-hosts=no", "is not known"),
        ])
    func anArgumentThatIsNotUnderstoodIsRefused(line: String, problem: String) {
        #expect {
            try Self.wanted(line)
        } throws: { error in
            "\(error)".hasSuffix(problem)
        }
    }

    /// The next boot of an installed host must not install it again.
    @Test func noEntryGetsTheArguments() throws {
        let line =
            "quiet imgbased.install=/dev/sda imgbased.install.wipe=all \"imgbased.install.image=/x y\" nosmt"
        #expect(BootArguments(line).foreign.words == ["quiet", "nosmt"])
        var arguments = BootArguments("quiet")
        #expect(throws: HostReason.badArgument("imgbased.install=/dev/sda")) {
            try arguments.change(adding: ["imgbased.install=/dev/sda"], removing: [])
        }
    }
}
