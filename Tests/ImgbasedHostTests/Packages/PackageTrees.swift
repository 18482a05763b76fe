import Foundation
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// The four trees of a change of base, with a real dpkg in each, made of this machine's programs.
struct PackageTrees: FourTrees {
    let scratch: Scratch

    /// What keeps these tests from running; `nil` if nothing does.
    static var missing: String? {
        lacking(["/usr/bin/dpkg-deb", "/usr/sbin/start-stop-daemon"])
    }

    /// Trees `base`, `layer`, `new` and `to`, all alike.
    init() throws {
        scratch = try Scratch()
        try scratch.shell(
            """
            mkdir -p base && cd base
            mkdir -p usr/bin usr/sbin usr/lib usr/lib64 etc dev proc run sys tmp root var/log var/cache var/lib/apt
            for name in bin sbin lib lib64; do ln -s usr/$name $name; done
            mkdir -p var/lib/dpkg/info var/lib/dpkg/updates var/lib/dpkg/triggers
            echo 1 >var/lib/dpkg/info/format
            programs=$(for name in dpkg dpkg-deb dpkg-query dpkg-split dpkg-trigger dash tar rm cat mkdir ls id mv \
                cp diff ldconfig start-stop-daemon sleep grep touch chmod; do command -v $name; done)
            for file in $programs $(ldd $programs | sed -n 's,^[^/]*\\(/[^ ]*\\) (0x.*,\\1,p' | sort -u); do
                mkdir -p .${file%/*} && cp -L --preserve=mode $file .$file
            done
            ln -s dash usr/bin/sh
            echo 'root:x:0:0:root:/root:/bin/sh' >etc/passwd
            echo 'root:x:0:' >etc/group
            : >var/lib/dpkg/available
            printf 'Package: %s\\nStatus: install ok installed\\nVersion: 1.0\\nArchitecture: %s\\n%s\\n\\n' \
                dpkg "$(dpkg --print-architecture)" "Maintainer: nobody <nobody@example.org>
            Description: stands for dpkg" >var/lib/dpkg/status
            printf '/.\\n' >var/lib/dpkg/info/dpkg.list
            : >var/lib/apt/extended_states
            cd ..
            for tree in layer new to; do cp -a base $tree; done
            """)
    }

    /// Makes an archive of a package whose files and scripts `script` makes in its directory, and returns its
    /// path. The control file has `fields`.
    @discardableResult
    func archive(_ name: String, _ version: String = "1.0", fields: String = "", making script: String = "")
        throws
        -> String
    {
        let fields = fields.isEmpty ? "" : fields + "\n"
        try scratch.shell(
            """
            rm -rf work && mkdir -p work/DEBIAN && cd work
            printf '%s' 'Package: \(name)
            Version: \(version)
            Architecture: all
            Maintainer: nobody <nobody@example.org>
            Installed-Size: 10
            \(fields)Description: a package
            ' >DEBIAN/control
            \(script)
            for file in DEBIAN/*inst DEBIAN/*rm; do [ ! -e $file ] || chmod 755 $file; done
            dpkg-deb --root-owner-group --build . ../\(name)_\(version)_all.deb >/dev/null
            """)
        return scratch("\(name)_\(version)_all.deb")
    }

    /// Installs archives in the tree, as its administrator would, and keeps them if it is the layer.
    func install(_ names: [String], in tree: String = "layer", keeping: Bool = true) throws {
        let files = names.map { $0 + "_all.deb" }
        let list = files.joined(separator: " ")
        try scratch.shell(
            """
            cp \(list) \(tree)/tmp
            cd \(tree)/tmp && chroot .. dpkg --force-unsafe-io --install \(files.map { "/tmp/" + $0 }.joined(separator: " ")) \
                >/dev/null 2>&1
            rm \(list)
            """)
        guard keeping else { return }
        try scratch.shell("d=\(tree)\(PackageStore.directory); mkdir -p $d; cp \(list) $d")
    }

    /// The packages that dpkg knows in `tree`, with their states.
    func packages(_ tree: String) throws -> String {
        try scratch.shell(
            """
            dpkg-query --admindir=\(tree)/var/lib/dpkg -W -f '${Package} ${Version} ${db:Status-Status}\\n' \
                | grep -v ^dpkg || :
            """)
    }
}
