import TestMachine
import Testing

/// Kernels that the package manager installs in the booted layer.
@Suite struct KernelTests {
    @Test(
        "A new kernel package boots on trial; after its removal the old kernel boots, and no file is left over"
    )
    func package() throws {
        try Artefacts.host("kernel").run { vm in
            let old = try vm.check(Self.bootedFiles)
            try vm.expect(old, from: Self.storedFiles)
            try vm.check(Self.makePackage)
            try vm.check("dpkg --install /run/kernel.deb 1>&2", within: .minutes(5))
            let both = try vm.check(Self.storedFiles).split(separator: "\n").map(String.init)
            #expect(both.count == 2)

            try vm.reboot()
            try vm.expectStatus("Base-0.1", "trial")
            let new = try vm.check(Self.bootedFiles)
            #expect(new != old && both.contains(new))
            try vm.expect(
                "6.1.0-999-amd64", from: "sed -n 's/^version //p' /boot/loader/entries/imgbased-Base-0.1.conf"
            )
            // The other layers boot their old kernels.
            try vm.expect(
                old,
                from:
                    "sed -n 's,^linux /imgbased/\\(.*\\)/linux$,\\1,p' /boot/loader/entries/imgbased-Base-1.1.conf"
            )

            try vm.check("dpkg --purge linux-image-6.1.0-999-amd64 1>&2", within: .minutes(5))
            try vm.expect(old, from: Self.storedFiles)
            try vm.reboot()
            try vm.expectStatus("Base-0.1", "trial")
            try vm.expect(old, from: Self.bootedFiles)
        }
    }

    /// The digest of the running kernel and initramfs, from GRUB's `BOOT_IMAGE=`.
    private static let bootedFiles =
        "sed -n 's,^BOOT_IMAGE=[^ ]*/imgbased/\\([0-9a-f]*\\)/linux .*,\\1,p' /proc/cmdline"

    /// The digests of the stored kernels and initramfs.
    private static let storedFiles = "cd /boot/imgbased && printf '%s\\n' */ | tr -d /"

    /// A package like Debian's kernels: files, and scripts that run the hooks of other packages.
    ///
    /// The initramfs, normally made by dracut's hook, is the present one with an addition.
    private static let makePackage = """
        set -e
        version=6.1.0-999-amd64 package=/run/package stored=$(echo /boot/imgbased/*/)
        mkdir -p $package/DEBIAN $package/boot $package/usr/lib/modules/$version
        cp $stored/linux $package/boot/vmlinuz-$version
        echo >$package/usr/lib/modules/$version/modules.dep
        cat >$package/DEBIAN/control <<END
        Package: linux-image-$version
        Version: 1
        Architecture: amd64
        Maintainer: nobody <nobody@localhost>
        Description: kernel
        END
        cat >$package/DEBIAN/postinst <<END
        #!/bin/sh
        set -e
        { cat $stored/initrd; head -c 512 /dev/zero; } >/boot/initrd.img-$version
        run-parts --report --exit-on-error --arg=$version --arg=/boot/vmlinuz-$version /etc/kernel/postinst.d
        END
        cat >$package/DEBIAN/postrm <<END
        #!/bin/sh
        set -e
        rm -f /boot/initrd.img-$version
        run-parts --report --exit-on-error --arg=$version --arg=/boot/vmlinuz-$version /etc/kernel/postrm.d
        END
        chmod 755 $package/DEBIAN/post*
        dpkg-deb -Znone --build $package /run/kernel.deb
        """
}
