import TestMachine
import Testing

/// The Debian package in trees of freshly installed hosts, with the real apt, dpkg and dracut.
@Suite struct PackageTreeTests {
    private static let install =
        "apt-get --yes --no-install-recommends -o Dpkg::Options::=--force-confold install "
    /// Whether the initramfs has the helper: 1 or 0.
    private static let helpers =
        "lsinitrd /boot/initrd.img-* | grep -c usr/bin/imgbase-initrd$ || test $? = 1"
    /// What is in the tree, but for the records of apt and dpkg.
    private static let listing = """
        find / -xdev \\( -path /srv -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/cache \\
            -o -path /var/log \\) -prune -o -printf '%y %m %p %l\\n' | sort
        """
    private static let hook = "/etc/kernel/postinst.d/zz-imgbased"

    @Test(
        "A newcomer installs the package by README's lines", .checkAll,
        arguments: [DebianTree.bookworm, .trixie])
    func newcomer(release: DebianTree) throws {
        try PackageTree.with(release) { tree in
            #expect(try tree.run("dpkg-query -W -f '${db:Status-Status}' initramfs-tools") == "installed")
            let lines = try ReadmeBlock.package.lines()
            try tree.run(
                "mkdir -p /srv/build/deb && cp \(PackageTree.package) /srv/build/deb/imgbased_1.0-1_amd64.deb"
            )
            try tree.run((["cd /srv"] + lines).joined(separator: "\n"))
            try tree.run("imgbase --version")
            #expect(try tree.run(Self.helpers) == "1")
            // README: apt removes initramfs-tools, and nothing is in the boot menu.
            #expect(try tree.run("dpkg-query -W -f '${db:Status-Status}' initramfs-tools") != "installed")
            #expect(try tree.run("find /boot /etc/systemd -name '*imgbase*'") == "")
        }
    }

    @Test(
        "The package installs, upgrades, is removed and purged, and leaves nothing", .checkAll,
        arguments: [DebianTree.bookworm, .trixie])
    func package(release: DebianTree) throws {
        try PackageTree.with(release) { tree in
            // README: apt replaces initramfs-tools by dracut.
            let planned = try tree.run(
                "apt-get --simulate --no-install-recommends install " + PackageTree.package)
            #expect(planned.contains("\nRemv initramfs-tools "))
            #expect(planned.contains("\nInst dracut "))
            try tree.run("apt-get --yes satisfy '\(PackageTree.relations())'")
            let before = try tree.run(Self.listing)
            #expect(try tree.run(Self.helpers) == "0")

            try tree.run(Self.install + PackageTree.olderPackage)
            #expect(try tree.run(Self.helpers) == "1")
            try tree.run(
                "dpkg --verify imgbased; imgbase --version; /usr/lib/imgbased/imgbase-initrd --version")
            // Nothing is in the boot menu before it is asked for, and no unit needs a link in /etc.
            #expect(try tree.run("find /boot /etc/systemd -name '*imgbase*'") == "")

            // The administrator's hook tells what the kernel packages' hook of a layer would find.
            try tree.run("printf '#!/bin/bash\\n%s\\n' '{ \(Self.helpers); } >>/srv/refreshed' >" + Self.hook)
            let edited = try tree.run("cat " + Self.hook)
            try tree.run(Self.install + PackageTree.package)
            #expect(try tree.run("cat " + Self.hook) == edited)
            #expect(try tree.run("dpkg-query -W -f '${Version}' imgbased") != PackageTree.olderVersion + "-1")

            // A layer would not boot without the package.
            let refusal = try tree.run(
                """
                mkdir /run/imgbased && touch /run/imgbased/boot.json
                ! apt-get --yes remove imgbased
                dpkg-query -W -f '${db:Status-Status}' imgbased
                """)
            #expect(refusal.contains("imgbased: this system runs from a layer"))
            #expect(refusal.hasSuffix("installed"))

            try tree.run("apt-get --yes remove imgbased && rm /srv/refreshed")
            #expect(try tree.run(Self.helpers) == "0")
            let left = try tree.run(Self.listing).split(separator: "\n").filter { !before.contains($0) }
            let hooks = ["postinst.d", "postrm.d"].map { "f 755 /etc/kernel/\($0)/zz-imgbased " }
            #expect(left.map(String.init) == ["f 644 /etc/dpkg/dpkg.cfg.d/imgbased "] + hooks)
            // The other hook, which is not edited, does nothing without its program.
            try tree.run(
                "mkdir /run/imgbased; touch /run/imgbased/boot.json; /etc/kernel/postrm.d/zz-imgbased")

            // The entry of a layer is refreshed after the initramfs has been made.
            try tree.run(Self.install + PackageTree.package)
            #expect(try tree.run("cat /srv/refreshed") == "1")
            try tree.run("apt-get --yes purge imgbased")
            #expect(try tree.run(Self.listing) == before)
        }
    }
}
