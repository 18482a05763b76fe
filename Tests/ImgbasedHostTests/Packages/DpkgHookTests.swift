import Foundation
import ImgbasedHostCore
import Testing

/// `dpkg/imgbased.in`, in the configuration of a real dpkg, with a stand-in for imgbase.
@Suite(.enabled(if: PackageTrees.missing == nil, "\(PackageTrees.missing ?? "")"))
struct DpkgHookTests {
    private let trees: PackageTrees

    init() throws {
        trees = try PackageTrees()
        let hook = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../../dpkg/imgbased.in"
        ).standardized.path
        // The stand-in keeps what it is told of, and fails as imgbase must not make dpkg fail.
        try trees.scratch.shell(
            """
            mkdir -p layer/etc/dpkg/dpkg.cfg.d
            sed 's,@sbindir@,/usr/sbin,g' '\(hook)' >layer/etc/dpkg/dpkg.cfg.d/imgbased
            printf '#!/bin/sh\\necho "$*" >>/root/calls; cat /proc/$3/cmdline >>/root/lines; echo >>/root/lines; exit 1\\n' \
                >layer/usr/sbin/imgbase
            chmod 755 layer/usr/sbin/imgbase
            mkdir -p layer/run/imgbased
            """)
        try trees.archive("one")
        try trees.archive("two")
        try trees.scratch.shell("mkdir layer/root/debs; cp *.deb layer/root; cp *.deb layer/root/debs")
    }

    private func dpkg(_ arguments: String, environment: String = "") throws {
        try trees.scratch.shell(
            """
            unshare --mount sh -euc 'mount -t proc proc layer/proc
            chroot layer sh -c "cd /root; \(environment) dpkg --force-unsafe-io \(arguments)"' >out 2>&1 || { cat out; exit 1; }
            """)
    }

    private func lines() throws -> [DpkgCommandLine?] {
        guard let bytes = trees.scratch.read("layer/root/lines") else { return [] }
        return bytes.split(separator: UInt8(ascii: "\n")).map { line in
            DpkgCommandLine(
                line.split(separator: 0).dropFirst().map { String(decoding: $0, as: UTF8.self) })
        }
    }

    @Test func tellsOfEachRunThatUnpacks() throws {
        try trees.scratch.shell("touch layer/run/imgbased/boot.json")
        try dpkg("-i one_1.0_all.deb")
        try dpkg("--unpack --recursive debs")
        try dpkg("--configure -a")
        try dpkg("--remove one")
        let lines = try lines()
        #expect(lines.map { $0?.paths } == [["one_1.0_all.deb"], ["debs"]])
        #expect(lines.last??.isRecursive == true)
        #expect(try trees.packages("layer") == "two 1.0 installed")
        let calls = try trees.scratch.shell("cat layer/root/calls").split(separator: "\n")
        #expect(calls.allSatisfy { $0.hasPrefix("packages keep ") })
    }

    @Test func saysNothingInAnotherSystemOrWithinAHook() throws {
        try dpkg("-i one_1.0_all.deb")
        try trees.scratch.shell("touch layer/run/imgbased/boot.json")
        try dpkg("-i two_1.0_all.deb", environment: "IMGBASED_EVENT=new-layer-added")
        try trees.scratch.shell("rm layer/usr/sbin/imgbase")
        try dpkg("-i two_1.0_all.deb")
        #expect(try lines().isEmpty)
        #expect(try trees.packages("layer") == "one 1.0 installed\ntwo 1.0 installed")
    }
}
