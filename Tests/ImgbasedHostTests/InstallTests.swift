import Foundation
import ImgbasedCore
import ImgbasedHostCore
import Testing

/// What `make install` installs, with stand-ins for what is built.
@Suite struct InstallTests {
    private static let project = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        .standardized.path(percentEncoded: false)

    /// What others install, or the initramfs has, that our files name.
    private static let foreign: Set = [
        "/bin/bash", "/bin/sh", "/etc/cmdline.d/imgbased.conf", "/etc/grub.d", "/etc/initrd-release",
        "/etc/lvm", "/etc/udev/rules.d/64-lvm-imgbased.rules", "/lib/modules", "/sbin/initqueue",
        "/sbin/lvm_scan", "/usr/bin/echo", "/usr/bin/imgbase-initrd", "/usr/bin/sleep", "/usr/bin/systemctl",
        "/usr/bin/touch", "/var/lib/imgbased",
    ]

    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        for name in ["imgbase", "imgbase-initrd"] { try scratch.write("build/" + name, "".utf8) }
        for name in ["imgbase", "_imgbase", "imgbase.fish"] {
            try scratch.write("build/completions/" + name, "".utf8)
        }
    }

    private func make(_ goal: String, _ variables: [String]) throws {
        // Not a part of the `make` that may have started the tests.
        let call = ["env", "-u", "MAKEFLAGS", "-u", "MAKELEVEL", "make", "-s", "-C", Self.project, goal]
        let all = call + ["BUILD=" + scratch("build"), "DESTDIR=" + scratch("root")] + variables
        try scratch.shell(all.map { "'\($0)'" }.joined(separator: " "))
    }

    /// The paths of what is in the tree, but for directories, as the installed system has them.
    private func files() throws -> [String] {
        try scratch.shell("find root ! -type d -printf '/%P\\n'").split(separator: "\n").map(String.init)
    }

    private func isThere(_ path: String) -> Bool {
        (try? FileManager.default.attributesOfItem(atPath: scratch("root" + path))) != nil
    }

    /// The absolute paths that `text` names, of what does not come and go.
    private static func paths(in text: String) -> [String] {
        let words = text.split { !($0.isLetter || $0.isNumber || "/._+-$".contains($0)) }
        return words.map { word in
            var word = word.drop { $0 == "-" }
            while let last = word.last, "./".contains(last) { word.removeLast() }
            return String(word)
        }.filter { word in
            ["/usr/", "/etc/", "/opt/", "/bin/", "/sbin/", "/lib/", "/var/"].contains { word.hasPrefix($0) }
        }
    }

    @Test(
        "Units, hooks and the dracut module name only installed files, whatever the prefix",
        arguments: [
            [], ["PREFIX=/usr/local"],
            [
                "PREFIX=/usr/local", "sbindir=/opt/bin", "libexecdir=/usr/libexec",
                "systemdsystemunitdir=/opt/units",
                "dracutmodulesdir=/opt/modules.d", "kernelinstalldir=/opt/kernel",
            ],
        ])
    func pathsAreThere(variables: [String]) throws {
        try make("install", variables)
        let files = try files()
        var named: Set<String> = []
        // Rules name paths that a host may have.
        for file in files where !file.contains("/share/") && !file.contains("/persist.d/") {
            if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: scratch("root" + file))
            {
                let directory = (file as NSString).deletingLastPathComponent
                let path = target.hasPrefix("/") ? target : directory + "/" + target
                #expect(isThere(path), "\(file) leads to \(target)")
                continue
            }
            let text = String(decoding: scratch.read("root" + file) ?? [], as: UTF8.self)
            #expect(!text.contains(/@[a-z]+@/), "\(file)")
            for path in Self.paths(in: text) where !Self.foreign.contains(path) {
                named.insert(path)
                #expect(isThere(path), "\(file) names \(path)")
            }
        }
        let sbin =
            variables.contains("sbindir=/opt/bin")
            ? "/opt/bin" : variables.isEmpty ? "/usr/sbin" : "/usr/local/sbin"
        #expect(named.contains(sbin + "/imgbase"))
        #expect(named.contains { $0.hasSuffix("/imgbased/imgbase-initrd") })
    }

    /// systemd, dracut and the others look nowhere else.
    @Test func whatOthersLookForDoesNotFollowThePrefix() throws {
        try make("install", ["PREFIX=/usr/local"])
        for path in [
            "/usr/lib/systemd/system/imgbase-good.service",
            "/usr/lib/dracut/modules.d/50imgbased/module-setup.sh",
            "/usr/lib/systemd/catalog/imgbased.catalog", "/usr/lib/kernel/install.d/95-imgbased.install",
            "/etc/kernel/postinst.d/zz-imgbased", "/etc/grub.d/09_imgbased", "/usr/lib/imgbased/09_imgbased",
            "/usr/lib/imgbased/layers.cfg",
            "/usr/local/share/man/man8/imgbase.8", "/usr/local/share/doc/imgbased/LICENSE",
            "/usr/local/share/zsh/site-functions/_imgbase",
        ] + Hooks.directories { #expect(isThere(path), "\(path)") }
    }

    @Test func uninstallLeavesOnlyWhatIsNotOurs() throws {
        let variables = ["PREFIX=/usr/local"]
        // From a version before.
        try scratch.write("root/usr/lib/dracut/modules.d/90imgbased/module-setup.sh", "".utf8)
        try scratch.shell("mkdir -p root/etc/motd.d && ln -s /run/imgbased/motd root/etc/motd.d/imgbased")
        try make("install", variables)
        #expect(try files().filter { $0.contains("90imgbased") || $0.contains("motd") } == [])
        let theirs = [
            "/etc/imgbased/hooks.d/rollback/50-mine", "/etc/imgbased/imgbased.conf",
            "/usr/lib/systemd/system/basic.target.wants/other.service",
        ]
        for path in theirs { try scratch.write("root" + path, "".utf8) }
        try make("uninstall", variables)
        #expect(try files().sorted() == theirs)
        let directories = try scratch.shell("find root -type d -name '*imgbased*' -printf '/%P\\n'")
        #expect(directories == "/etc/imgbased")
    }

    @Test func theExampleSaysWhatHoldsWithoutIt() throws {
        let text = try String(contentsOfFile: Self.project + "/doc/imgbased.conf", encoding: .utf8)
        #expect(try Settings(text) == Settings())
        let lines = text.split(separator: "\n").map { $0.contains(#/^#[a-z]+ = /#) ? $0.dropFirst() : $0 }
        #expect(lines.contains("keep = 2"))
        #expect(try Settings(lines.joined(separator: "\n")) == Settings())
    }

    @Test("The change log and the manual pages have the version of the programs")
    func version() throws {
        let log = try String(contentsOfFile: Self.project + "/CHANGELOG.md", encoding: .utf8)
        #expect(log.firstMatch(of: /\n## \[([0-9.]+)\]/)?.1 == Substring(Version.current))
        let pages = try FileManager.default.contentsOfDirectory(atPath: Self.project + "/man")
        #expect(!pages.isEmpty)
        for page in pages {
            let text = try String(contentsOfFile: Self.project + "/man/" + page, encoding: .utf8)
            #expect(text.contains("\n.Os \"imgbased \(Version.current)\"\n"), "\(page)")
        }
    }
}
