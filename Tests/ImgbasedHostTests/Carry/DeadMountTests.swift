import Glibc
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux
import Testing

/// A mount in a tree that does not answer: FUSE, with its program gone or stopped.
@Suite(
    .enabled(
        if: HostSystem.isRoot && HostSystem.exists("/dev/fuse"),
        "only root can mount, and the kernel must have FUSE"))
struct DeadMountTests {
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        try scratch.shell(
            "mkdir -p {base,ours,new,to}/etc ours/etc/dead/x; echo mine >ours/etc/changed; echo mine >ours/etc/zz"
        )
    }

    private func survey(_ mounted: [TreePath] = []) throws -> CarrySurvey {
        try Carrier(lists: CarryLists(), policy: CarryPolicy(), mounted: mounted).survey(
            fromBase: ConfinedTree(scratch("base")), from: ConfinedTree(scratch("ours")),
            toBase: ConfinedTree(scratch("new")), to: ConfinedTree(scratch("to")))
    }

    /// Mounts the file system of the device `fuse`.
    private func mountFUSE(_ fuse: borrowing OpenFile) throws {
        let options = "fd=\(fuse.number),rootmode=40000,user_id=0,group_id=0"
        let result = options.withCString { mount("dead", scratch("ours/etc/dead"), "fuse", 0, $0) }
        try #require(result == 0, "\(String(cString: strerror(errno)))")
    }

    private func check() throws {
        let survey = try survey()
        #expect(survey.report.items.map(\.path.description) == ["/etc/changed", "/etc/dead", "/etc/zz"])
        #expect(
            survey.report.conflicts.map(\.line)
                == ["omitted '/etc/dead': something else is mounted there; files below it are not seen"])
    }

    @Test(.timeLimit(.minutes(5))) func whatDoesNotAnswerIsPassedOver() throws {
        do {
            // No program reads the kernel's requests, so that any access waits forever.
            let fuse = try OpenFile(opening: "/dev/fuse", O_RDWR)
            try mountFUSE(fuse)
            try check()
        }
        // Now the program is gone: "Transport endpoint is not connected".
        defer { umount2(scratch("ours/etc/dead"), CInt(MNT_DETACH)) }
        var status = stat()
        #expect(stat(scratch("ours/etc/dead"), &status) == -1 && errno == ENOTCONN)
        try check()
    }

    // The tree of the running layer is seen without its mounts, and shows the files beneath.
    @Test func whatIsMountedInTheRunningLayerIsTold() throws {
        let places = ["/", "/etc/dead", "/var", "/etc/none"].compactMap { TreePath(parsing: $0) }
        let report = try survey(places).report
        #expect(report.items.contains { $0.outcome == .carried && $0.path.description == "/etc/dead" })
        #expect(
            report.conflicts.map(\.line) == [
                "omitted '/etc/dead': something else is mounted there; none of it is carried",
                "omitted '/etc/none': something else is mounted there; none of it is carried",
            ])
    }
}
