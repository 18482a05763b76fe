import Testing

@testable import ImgbasedCore

@Suite struct MountOptionsTests {
    /// Flags are numbers of linux/mount.h.
    ///
    /// All except the marked ones are results of libmount 2.38 (`mnt_optstr_get_flags`, `mnt_split_optstr`).
    @Test(
        arguments: [
            ("", 0, ""), ("defaults", 0, ""), ("defaults,noatime", 0x400, ""), ("noatime", 0x400, ""),
            ("nodev,nosuid,noexec", 0xe, ""), ("noexec,exec", 0, ""), ("exec,noexec", 8, ""),
            ("rw,ro,rw", 0, ""), ("ro,rw,ro", 1, ""), (",,ro,,", 1, ""), ("ro=", 1, ""),
            ("sync,dirsync,async", 0x80, ""), ("lazytime", 0x200_0000, ""), ("lazytime,nolazytime", 0, ""),
            ("nodiratime,diratime,iversion", 0x80_0000, ""), ("silent,mand,loud", 0x40, ""),
            ("nosymfollow", 0x100, ""), ("strictatime,nostrictatime", 0, ""),
            ("user", 0xe, ""), ("users,exec", 6, ""), ("user=root", 0, ""), ("owner,dev", 2, ""),
            ("group,nogroup", 6, ""), ("exec,user", 0xe, ""), ("nouser,nousers,noowner,nogroup", 0, ""),
            ("_netdev,nofail,auto,noauto", 0, ""), ("comment=a,comment", 0, ""),
            ("helper=x,uhelper=y", 0, ""),
            ("x-systemd.device-timeout=10,x-initrd.mount,nodev", 4, ""), ("X-mount.mkdir=0755", 0, ""),
            ("x-a=\"b,ro\",nodev", 4, ""),
            ("data=ordered,noatime,commit=5", 0x400, "data=ordered,commit=5"), ("=a", 0, "=a"),
            ("noload,errors=remount-ro", 0, "noload,errors=remount-ro"), ("roo,Ro", 0, "roo,Ro"),
            ("logdev=\"a,b\",ro", 1, "logdev=\"a,b\""), ("ro=1", 0, "ro=1"), ("defaultsx", 0, "defaultsx"),
            ("nofail=1,auto=2", 0, "nofail=1,auto=2"),
            // libmount sets both, and the kernel takes the stricter one.
            ("noatime,relatime", 0x20_0000, ""), ("relatime,noatime", 0x400, ""),
            ("strictatime,noatime", 0x400, ""), ("noatime,strictatime,relatime", 0x20_0000, ""),
            // libmount 2.39.
            ("ro=vfs,nodev=recursive", 5, ""),
        ] as [(String, UInt, String)])
    func splits(text: String, flags: UInt, data: String) {
        let options = MountOptions(text)
        #expect(options.flags.rawValue == flags)
        #expect(options.data == data)
        #expect(options.leftOut == [])
    }

    @Test(
        arguments: [
            ("loop,offset=512,noatime", ["loop", "offset=512"]), ("loop=/dev/loop0", ["loop=/dev/loop0"]),
            ("remount,bind,rbind", ["remount", "bind", "rbind"]),
            ("rshared,private", ["rshared", "private"]),
            ("verity.roothash=1,X-mount.subdir=a", ["verity.roothash=1", "X-mount.subdir=a"]),
            ("context=\"a:b,c\",rootcontext=x,ro", ["context=\"a:b,c\"", "rootcontext=x"]),
            ("ro,context=\"a,nodev", ["context=\"a,nodev"]),
            ("loop=\u{301}", ["loop=\u{301}"]),
        ] as [(String, [String])])
    func leavesOutWhatIsNothingForARoot(text: String, leftOut: [String]) {
        let options = MountOptions(text)
        #expect(options.leftOut == leftOut)
        #expect(options.data == "")
        let warnings = BootRequest(commandLine: KernelCommandLine("root=/dev/a/b rootflags=" + text)).warnings
        #expect(warnings.count == leftOut.count)
    }

    /// The kernel's own words come first.
    @Test(
        arguments: [
            ("rootflags=ro", false), ("rootflags=rw", true), ("rootflags=noatime", true),
            ("rw rootflags=ro", true), ("ro rootflags=rw", false), ("rootflags=ro rd.imgbased.mode=rw", true),
            ("rootflags=ro,rw rootflags=x", true), ("rootflags", true),
        ])
    func saysWhetherTheRootIsWritten(text: String, isWritable: Bool) {
        #expect(BootRequest(commandLine: KernelCommandLine(text)).mountsWritable == isWritable)
    }
}
