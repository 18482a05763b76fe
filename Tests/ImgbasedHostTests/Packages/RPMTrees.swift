import Foundation
import ImgbasedHostCore

/// The four trees of a change of base, with a real rpm in each, made of this machine's programs.
struct RPMTrees: FourTrees {
    let scratch: Scratch

    /// What keeps these tests from running; `nil` if nothing does.
    static var missing: String? { lacking(["/usr/bin/rpm", "/usr/bin/rpmbuild"]) }

    /// Trees `base`, `layer`, `new` and `to`, all alike. A package stands for the shell.
    init() throws {
        scratch = try Scratch()
        try scratch.shell(
            """
            mkdir -p base && cd base
            mkdir -p usr/bin usr/sbin usr/lib usr/lib64 usr/lib/rpm/platform etc/rpm dev proc run sys tmp root \
                var/tmp var/log var/cache var/lib/rpm
            for name in bin sbin lib lib64; do ln -s usr/$name $name; done
            programs=$(for name in rpm dash rm cat mkdir ls id mv cp touch grep; do command -v $name; done)
            for file in $programs $(ldd $programs | sed -n 's,^[^/]*\\(/[^ ]*\\) (0x.*,\\1,p' | sort -u); do
                mkdir -p .${file%/*} && cp -L --preserve=mode $file .$file
            done
            ln -s dash usr/bin/sh
            cp /usr/lib/rpm/macros /usr/lib/rpm/rpmrc usr/lib/rpm
            cp -R /usr/lib/rpm/platform/$(uname -m)-linux /usr/lib/rpm/platform/noarch-linux usr/lib/rpm/platform
            echo '%_dbpath /var/lib/rpm' >etc/rpm/macros
            echo 'root:x:0:0:root:/root:/bin/sh' >etc/passwd
            echo 'root:x:0:' >etc/group
            """)
        try archive("shell", fields: "Provides: /bin/sh")
        try install(["shell-1.0"], in: "base", keeping: false)
        try scratch.shell("for tree in layer new to; do cp -a base $tree; done")
    }

    /// Makes an archive of a package with these `files`, made by `script` in its tree; each is as rpm's `%files`
    /// has it. The spec file has `fields`, and `scripts` at its end.
    func archive(
        _ name: String, _ version: String = "1.0", fields: String = "", files: [String] = [],
        making script: String = "", scripts: String = ""
    ) throws {
        let spec = """
            %define debug_package %{nil}
            %define __os_install_post %{nil}
            Name: \(name)
            Version: \(version)
            Release: 1
            Summary: a package
            License: none
            BuildArch: noarch
            AutoReqProv: no
            \(fields)
            %description
            a package
            %install
            mkdir -p %{buildroot} && cd %{buildroot}
            \(script)
            %files
            \(files.joined(separator: "\n"))
            \(scripts)

            """
        try scratch.write("work/package.spec", spec.utf8)
        try scratch.shell(
            """
            rpmbuild -bb --quiet --nodeps --define "_topdir $PWD/work" --define "_dbpath $PWD/work/db" \
                --define "_rpmdir $PWD" --define '_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm' \
                work/package.spec >log 2>&1 || { cat log; exit 1; }
            rm -rf work
            """)
    }

    /// Installs archives in the tree, as its administrator would, and keeps them if it is the layer.
    func install(_ names: [String], in tree: String = "layer", keeping: Bool = true) throws {
        let files = names.map { $0 + "-1.noarch.rpm" }
        try scratch.shell(
            """
            cp \(files.joined(separator: " ")) \(tree)/tmp
            \(rpm("--upgrade \(files.map { "/tmp/" + $0 }.joined(separator: " "))", in: tree))
            rm \(tree)/tmp/*
            """)
        guard keeping else { return }
        try scratch.shell(
            "d=\(tree)\(PackageStore.directory); mkdir -p $d; cp \(files.joined(separator: " ")) $d")
    }

    /// The command line that runs the rpm of a tree there.
    func rpm(_ arguments: String, in tree: String) -> String {
        "unshare --mount sh -euc 'mount --bind /dev \(tree)/dev; chroot \(tree) rpm \(arguments)'"
    }

    /// The packages that rpm knows in `tree`.
    func packages(_ tree: String) throws -> String {
        try scratch.shell(
            "chroot \(tree) rpm -qa --queryformat '%{NAME} %{VERSION}\\n' | grep -v ^shell | sort || :")
    }
}
