import Foundation
import Glibc
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore
import Testing

/// Programs that really run.
@Suite struct HookRunnerTests {
    private static func hooks(_ scratch: Scratch) throws -> Hooks {
        try HookRunner.hooks([scratch("lib"), scratch("etc")])
    }

    private static func run(_ scratch: Scratch, _ event: HookEvent, _ runner: HookRunner = HookRunner())
        async throws
    {
        for case .runHooks(let run) in try hooks(scratch).steps(
            event, group: "HostVG", base: "Base-0", layer: "Base-0.1")
        {
            try await runner.run(run)
        }
    }

    private static func text(_ scratch: Scratch, _ name: String) -> String {
        String(decoding: scratch.read(name) ?? [], as: UTF8.self)
    }

    @Test func findsThemAsTheyAreMeant() throws {
        let scratch = try Scratch()
        #expect(try Self.hooks(scratch) == HookRunner.hooks([]), "none are there")
        try scratch.addScript("lib/rollback/10-vendor", "")
        try scratch.addScript("lib/rollback/20-replaced", "")
        try scratch.addScript("lib/rollback/30-masked", "")
        try scratch.addScript("etc/rollback/20-replaced", "")
        try scratch.addScript("etc/rollback/20-replaced.dpkg-old", "")
        try scratch.addScript("etc/other/10-x", "")
        try scratch.link("etc/rollback/30-masked", to: "/dev/null")
        let hooks = try Self.hooks(scratch)
        #expect(hooks[.rollback] == [scratch("lib/rollback/10-vendor"), scratch("etc/rollback/20-replaced")])
        #expect(hooks[.layerRemoved].isEmpty)
    }

    @Test func areToldWhatHappens() async throws {
        let scratch = try Scratch()
        let out = scratch("out")
        try scratch.addScript("lib/pre-layer-removed/1", "echo \"$# $1 $2 $(pwd)\" >> \(out); cat >> \(out)")
        try scratch.addScript("etc/pre-layer-removed/2", "env | sort >> \(out)")
        setenv("IMGBASED_TEST_LEAK", "1", 1)
        try await Self.run(scratch, .preLayerRemoved)
        let lines = Self.text(scratch, "out").split(separator: "\n").map(String.init)
        #expect(
            lines.filter { !$0.hasPrefix("_=") } == [
                "2 pre-layer-removed Base-0.1 /", "HOME=/", "IMGBASED_BASE=Base-0",
                "IMGBASED_EVENT=pre-layer-removed", "IMGBASED_LAYER=Base-0.1", "IMGBASED_VG=HostVG",
                "LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "PWD=/",
            ])
    }

    @Test(arguments: [
        ("exit 3", 0o755, "failed with status 3"), ("kill -KILL $$", 0o755, "was ended by signal 9"),
        ("exit 0", 0o644, "cannot be run: "),
    ])
    func oneThatFailsIsTheLast(script: String, mode: Int, problem: String) async throws {
        let scratch = try Scratch()
        try scratch.addScript("etc/rollback/1", "touch \(scratch("first"))")
        let failing = try scratch.addScript("etc/rollback/2", script, mode: mode)
        try scratch.addScript("etc/rollback/3", "touch \(scratch("third"))")
        do {
            try await Self.run(scratch, .rollback)
            Issue.record("nothing failed")
        } catch {
            #expect("\(error)".hasPrefix("hook '\(failing)' \(problem)"), "\(error)")
        }
        #expect(Helper.exists(scratch("first")))
        #expect(!Helper.exists(scratch("third")))
    }

    /// Each way for others than root to replace the program, refused as by cron and sudo.
    @Test(
        .enabled(if: geteuid() == 0, "only root can give files away"),
        arguments: [
            ("chmod g+w etc/rollback/2", "users other than root can write to 'PATH/etc/rollback/2'"),
            ("chmod o+w etc/rollback/2", "users other than root can write to 'PATH/etc/rollback/2'"),
            ("chown 1 etc/rollback/2", "'PATH/etc/rollback/2' belongs to user 1, not to root"),
            ("chmod o+w etc", "users other than root can write to 'PATH/etc'"),
            ("chown 1 etc/rollback", "'PATH/etc/rollback' belongs to user 1, not to root"),
            // Through links, each of which can belong to another user.
            (
                "mkdir -m 777 out; mv etc/rollback/2 out; ln -s ../../out/2 etc/rollback/2",
                "users other than root can write to 'PATH/out'"
            ),
            (
                "mv etc/rollback/2 x; ln -s x y; chown -h 1 y; ln -s $PWD/y etc/rollback/2",
                "'PATH/y' belongs to user 1, not to root"
            ),
            ("ln -sf 2 etc/rollback/2", "there are too many links on the way"),
        ])
    func whatOthersCanChangeIsNotRun(change: String, problem: String) async throws {
        let scratch = try Scratch()
        for name in ["1", "2"] { try scratch.addScript("etc/rollback/" + name, "touch \(scratch("ran"))") }
        try await Self.run(scratch, .rollback)
        #expect(Helper.exists(scratch("ran")))
        try scratch.shell("rm ran\n" + change)
        do {
            try await Self.run(scratch, .rollback)
            Issue.record("it was run")
        } catch {
            let expected = "is not run: " + problem.replacingOccurrences(of: "PATH", with: scratch.path)
            #expect("\(error)".contains(expected), "\(error)")
        }
        #expect(!Helper.exists(scratch("ran")), "nor is another")
    }

    @Test func oneThatHangsIsEnded() async throws {
        let scratch = try Scratch()
        // The hook ignores the request to end.
        let pipe = scratch("pipe")
        try Helper.run("/usr/bin/mkfifo", pipe)
        let hanging = try scratch.addScript(
            "etc/rollback/1",
            "trap 'echo told >> \(scratch("out"))' TERM; echo $$ > \(scratch("pid"))\n"
                + "while :; do read line < \(pipe); done")
        do {
            // Long enough to reach and run the trap, even if other tests use the processors.
            try await Self.run(scratch, .rollback, HookRunner(limit: .seconds(5), grace: .seconds(5)))
            Issue.record("it came to an end")
        } catch {
            #expect("\(error)" == "hook '\(hanging)' was ended after 5 seconds")
        }
        #expect(Self.text(scratch, "out") == "told\n")
        let pid = try #require(
            pid_t(Self.text(scratch, "pid").trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(kill(pid, 0) == -1 && errno == ESRCH, "it is still there")
    }

    // MARK: in a plan

    private static func failure(_ plan: Plan) async -> CommandFailure? {
        var executor = Executor(runner: CommandRunner())
        do throws(CommandFailure) {
            try await executor.run(plan)
            return nil
        } catch {
            return error
        }
    }

    @Test func oneThatFailsKeepsThePlanFromBeingCarriedOut() async throws {
        let scratch = try Scratch()
        let failing = try scratch.addScript("etc/pre-layer-removed/1", "exit 7")
        let hooks = try Self.hooks(scratch)
        var plan = Plan(goal: "remove layer 'Base-0.1'")
        plan.prepare = hooks.steps(.preLayerRemoved, group: "HostVG", base: "Base-0", layer: "Base-0.1")
        plan.commit = [.replaceFile(path: scratch("committed"), contents: [1], isOnBoot: false)]
        let failure = try #require(await Self.failure(plan))
        #expect("\(failure)" == "cannot remove layer 'Base-0.1': hook '\(failing)' failed with status 7")
        #expect(!failure.leavesChanges)
        #expect(!Helper.exists(scratch("committed")))
        // After a finished step, which is undone.
        plan.prepare =
            [.replaceFile(path: scratch("prepared"), contents: [1], isOnBoot: false)] + plan.prepare
        plan.undo = [.removeFile(scratch("prepared"))]
        #expect(await Self.failure(plan) != nil)
        #expect(!Helper.exists(scratch("prepared")))
    }

    @Test func oneThatFailsAfterwardsIsSaidAndChangesNothing() async throws {
        let scratch = try Scratch()
        let failing = try scratch.addScript("etc/layer-removed/1", "exit 7")
        let hooks = try Self.hooks(scratch)
        var plan = Plan(goal: "remove layer 'Base-0.1'")
        plan.cleanup = hooks.steps(.layerRemoved, group: "HostVG", base: "Base-0", layer: "Base-0.1")
        plan.cleanup.append(.replaceFile(path: scratch("cleaned"), contents: [1], isOnBoot: false))
        let failure = try #require(await Self.failure(plan))
        #expect(
            "\(failure)" == "cannot run the hooks of layer-removed: hook '\(failing)' failed with status 7")
        #expect(Helper.exists(scratch("cleaned")))
    }

    // MARK: a layer's tree

    private static var missing: String? {
        LayerFileSystemTests.missing
            ?? ["/usr/sbin/chroot", "/usr/bin/ldd"].first { !Helper.exists($0) }.map { "there is no \($0)" }
    }

    /// `cat` with its libraries, in a directory.
    private static func addProgram(_ scratch: Scratch) throws {
        let libraries = try Helper.run("/usr/bin/ldd", "/bin/cat").split(whereSeparator: \.isWhitespace)
            .filter { $0.hasPrefix("/") }.map(String.init)
        for file in ["/bin/cat"] + libraries {
            let bytes = try #require(FileManager.default.contents(atPath: file))
            let path = try scratch.write("tree" + file, bytes)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        }
    }

    @Test(.enabled(if: missing == nil, "\(missing ?? "")")) func reachTheTreeOfANewLayer() async throws {
        let scratch = try Scratch()
        try Self.addProgram(scratch)
        try scratch.write("tree/etc/os-release", "NAME=inside\n".utf8)
        let image = scratch("image")
        try Helper.run("/usr/bin/truncate", "-s", "64M", image)
        try Helper.run("/usr/sbin/mkfs.ext4", "-q", "-F", "-d", scratch("tree"), image)
        let device = try LayerFileSystemTests.Device(image)
        let out = scratch("out")
        // Reads, writes, copies attributes, and runs a program in the tree.
        try scratch.addScript(
            "etc/new-layer-added/1",
            """
            set -e
            chroot "$IMGBASED_TREE" /bin/cat /etc/os-release > \(out)
            cp -a /bin/cat "$IMGBASED_TREE/copied"
            mkdir "$IMGBASED_TREE/etc/hooked"
            cd "$IMGBASED_TREE/etc"
            echo kept > hooked/file
            ! grep -q "$IMGBASED_TREE\\| \(device.path.device) " /proc/mounts
            """)
        for case .runHooks(let run) in try Self.hooks(scratch).steps(
            .newLayerAdded, group: device.path.group, base: "Base-0", layer: device.path.name,
            tree: HookRun.Tree(device.path, .ext4))
        {
            try await HookRunner().run(run)
        }
        #expect(Self.text(scratch, "out") == "NAME=inside\n")
        #expect(
            try Helper.run("/usr/sbin/debugfs", "-R", "cat /etc/hooked/file", device.path.device).contains(
                "kept"))
        #expect(try Helper.run("/usr/sbin/e2fsck", "-f", "-n", device.path.device).contains("clean") == false)
    }

    @Test(.enabled(if: missing == nil, "\(missing ?? "")")) func aTreeThatCannotBeMountedIsSaid() async throws
    {
        let scratch = try Scratch()
        try Helper.run("/usr/bin/truncate", "-s", "4M", scratch("image"))
        let device = try LayerFileSystemTests.Device(scratch("image"))
        let run = HookRun(
            event: .newLayerAdded, programs: ["/bin/true"], group: "HostVG",
            tree: HookRun.Tree(device.path, .ext4))
        await #expect(throws: HostFailure.self) { try await HookRunner().run(run) }
    }
}
