import Foundation
import ImgbasedCore
import ImgbasedHostCore
import Testing

/// The tarball of the sources and the packages, with stand-ins for the programs.
@Suite struct PackageTests {
    private static let project = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        .standardized.path(percentEncoded: false)
    private static let sharedPackage = Result { try Package() }

    /// A Debian package with stand-ins for the programs: one linked dynamically, one statically.
    private struct Package: Sendable {
        let scratch: Scratch

        init() throws {
            scratch = try Scratch()
            try scratch.shell(
                """
                mkdir -p build/completions
                for name in imgbase _imgbase imgbase.fish; do echo "# $name" >build/completions/$name; done
                echo 'int main(void) { return 0; }' >main.c
                gcc -O2 -s main.c -o build/imgbase
                gcc -O2 -s -static main.c -o build/imgbase-initrd
                '\(project)/packaging/deb' '\(project)' build deb 1.2.3 >log 2>&1 || { cat log; exit 1; }
                dpkg-deb -x deb/*.deb installed
                env -u MAKEFLAGS -u MAKELEVEL make -s -C '\(project)' install \\
                    BUILD="$PWD/build" DESTDIR="$PWD/root"
                """)
        }

        func field(_ name: String) throws -> String {
            try scratch.shell("dpkg-deb -f deb/*.deb '\(name)'")
        }
    }

    /// Small sources in a git repository, made at 2026-01-02 03:04:05 UTC.
    private func sources(changes: String) throws -> Scratch {
        let scratch = try Scratch()
        let project = Self.project
        try scratch.shell(
            """
            mkdir -p source/Sources/ImgbasedCore && cd source
            cp -R '\(project)/packaging' .
            cp '\(project)/Sources/ImgbasedCore/Version.swift' Sources/ImgbasedCore
            export GIT_COMMITTER_DATE='1767323045 +0000' GIT_CONFIG_GLOBAL=/dev/null
            printf '## [Unreleased]\\n\(changes)\\n## [0.1.0]\\n\\n- Old.\\n' >CHANGELOG.md
            git init -q && git add .
            git -c user.name=a -c user.email=a@example.org commit -q -m first
            """)
        return scratch
    }

    @Test(
        "Between two releases, the version has the time of the last commit",
        arguments: ["", "\\n- New.\\n"])
    func version(changes: String) throws {
        let scratch = try sources(changes: changes)
        let version = Version.current + (changes.isEmpty ? "" : "+git20260102.030405")
        #expect(try scratch.shell("source/packaging/version") == version)
        // As in the tarball.
        try scratch.shell("rm -rf source/.git; touch -d @1767323045 source/CHANGELOG.md")
        #expect(try scratch.shell("source/packaging/version") == version)
    }

    @Test func theTarballHasTheSameBytesWhenMadeAgain() throws {
        let scratch = try sources(changes: "")
        try scratch.write("source/uncommitted", "".utf8)
        let name = "imgbased-" + Version.current
        #expect(try scratch.shell("source/packaging/dist source one") == "one/\(name).tar.xz")
        // Later, by another user, in another directory.
        try scratch.shell(
            """
            git clone -q source clone
            umask 077
            export TZ=Asia/Tokyo GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=tar.umask GIT_CONFIG_VALUE_0=0077
            clone/packaging/dist clone two
            cmp one/*.xz two/*.xz
            """)
        try scratch.shell("umask 022; tar -xf one/*.xz")
        #expect(
            try scratch.shell("cd \(name) && find . ! -type d | LC_ALL=C sort")
                == scratch.shell("cd source && git ls-files | sed s,^,./, | LC_ALL=C sort"))
        #expect(try scratch.shell("stat -c %Y \(name)/CHANGELOG.md") == "1767323045")
        #expect(try scratch.shell("stat -c %a \(name)/packaging/deb") == "755")
    }

    @Test func theDebianPackageHasWhatIsInstalled() throws {
        let scratch = try Self.sharedPackage.get().scratch
        let list = "find . -printf '%y %m %p %l\\n'"
        var expected = Set(try scratch.shell("cd root && \(list)").split(separator: "\n").map(String.init))
        // Debian's policy: pages are compressed, and the license and the changes have other names.
        for file in expected where file.contains("/share/man/") && file.hasPrefix("f") {
            expected.remove(file)
            expected.insert(file.dropLast() + ".gz ")
        }
        let documents = "f 644 ./usr/share/doc/imgbased/"
        for file in expected where file.contains(" ./etc/dnf") { expected.remove(file) }
        for name in ["LICENSE", "CHANGELOG.md"] { #expect(expected.remove(documents + name + " ") != nil) }
        for name in ["copyright", "changelog.gz", "changelog.Debian.gz"] {
            expected.insert(documents + name + " ")
        }
        expected.formUnion([
            "d 755 ./usr/share/lintian ", "d 755 ./usr/share/lintian/overrides ",
            "f 644 ./usr/share/lintian/overrides/imgbased ",
        ])
        let packaged = Set(
            try scratch.shell("cd installed && \(list)").split(separator: "\n").map(String.init))
        #expect(packaged.subtracting(expected) == [])
        #expect(expected.subtracting(packaged) == [])
    }

    @Test func theDebianPackageNamesThePackagesOfAllTools() throws {
        let package = try Self.sharedPackage.get()
        let depends = try package.field("Depends")
        let relations = try [depends, package.field("Recommends"), package.field("Suggests")]
        let names = Set(
            relations.joined(separator: ", ").split { ",|".contains($0) }.map {
                String($0.split(separator: " ")[0])
            })
        for tool in Tool.allCases {
            if let name = tool.package { #expect(names.contains(name), "\(tool)") }
        }
        // The dracut module, and what the helper runs in the initramfs.
        #expect(names.isSuperset(of: ["dmsetup", "dracut", "thin-provisioning-tools"]))
        #expect(depends.contains("dracut | dracut-core"))
        #expect(depends.contains("grub2-common | systemd-boot"))
        #expect(depends.contains("libc6 (>= "))
        #expect(try package.field("Version") == "1.2.3-1")
        #expect(try package.field("Built-Using").contains("lvm2 (= "))
        let conffiles = try package.scratch.shell("dpkg-deb -I deb/*.deb conffiles")
        #expect(
            conffiles
                == "/etc/dpkg/dpkg.cfg.d/imgbased\n/etc/kernel/postinst.d/zz-imgbased\n/etc/kernel/postrm.d/zz-imgbased"
        )
    }

    @Test func lintianAcceptsTheDebianPackage() throws {
        try Self.sharedPackage.get().scratch.shell(
            "lintian --allow-root --fail-on error,warning deb/*.changes 2>&1")
    }

    @Test func rpmlintAcceptsTheRPMPackage() throws {
        let project = Self.project
        // The stand-ins lack some of what is filtered.
        let files = try Self.sharedPackage.get().scratch.shell(
            """
            '\(project)/packaging/rpm' '\(project)' build rpm >log.rpm 2>&1 || { cat log.rpm; exit 1; }
            rpmlint --strict --ignore-unused-rpmlintrc -r '\(project)/packaging/imgbased.rpmlintrc' \\
                '\(project)/packaging/imgbased.spec' rpm/*.rpm
            rpm -qpl rpm/*.rpm
            """)
        #expect(files.contains("\n/usr/sbin/imgbase\n"))
        #expect(files.contains("\n/usr/lib/dracut/modules.d/50imgbased/module-setup.sh\n"))
        #expect(files.contains("\n/etc/dnf/libdnf5-plugins/actions.d/imgbased.actions\n"))
        #expect(!files.contains("/etc/kernel"))
    }
}
