import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux
import Testing

/// What a sandbox keeps of changes, taken over by the tree itself.
@Suite(.enabled(if: PackageTrees.missing == nil, "\(PackageTrees.missing ?? "")"))
struct OverlayChangesTests {
    /// Every kind of change, made in the sandbox and then in the tree, gives what it gives in a copy of the tree.
    @Test func theTreeGetsEachChange() throws {
        let scratch = try Scratch()
        let script = """
            cd "$1"
            echo changed >etc/file; chmod 4711 etc/file
            rm etc/gone; rm -r etc/dir; mkdir etc/dir; echo new >etc/dir/other
            rm -r usr; ln -s etc usr
            rm etc/link; mkdir etc/link; echo 1 >etc/link/1
            echo one >etc/one; ln etc/one etc/two; mkdir -m 2750 -p etc/new/deep; chown 1:2 etc/new
            touch -d 2001-01-01 etc/new/deep; mkfifo etc/pipe; setcap cap_net_raw+ep etc/one
            chgrp 5 etc/owned; truncate -s 1M etc/sparse; mv etc/moved etc/elsewhere
            """
        try scratch.addScript("change", script)
        try scratch.shell(
            """
            mkdir -p tree/{dev,proc,run,tmp,etc/dir/sub,usr/lib} box
            for name in file gone dir/old moved/in owned; do mkdir -p $(dirname tree/etc/$name); echo $name >tree/etc/$name; done
            echo lib >tree/usr/lib/lib; ln -s file tree/etc/link
            cp -a tree expected; cp -a tree same
            ./change expected
            """)
        let change = scratch("change")
        let problem = try HostSandbox.run(.directory(scratch("tree")), in: scratch("box")) {
            tree -> String? in
            do { try Helper.run(change, tree) } catch { return "\(error)" }
            return nil
        }
        #expect(problem == nil)
        func listing(_ tree: String) throws -> String {
            try scratch.shell(
                """
                cd \(tree)
                find . -path ./var -prune -o ! -path . -printf '%p %y %m %U %G %n %l\\n' | sort
                find . -type f | sort | xargs sha256sum
                getcap -r . ; stat -c %Y etc/new/deep 2>/dev/null || :
                """)
        }
        #expect(try listing("tree") == listing("same"), "the sandbox changes nothing")
        let upper = try ConfinedTree(scratch("box")).directory("/" + HostSandbox.upper)
        #expect(try OverlayChanges.size(of: upper).count > 4096 * 10)
        let changes = try OverlayChanges.apply(from: upper, to: ConfinedTree(scratch("tree")))
        #expect(try listing("tree") == listing("expected"))
        #expect(changes.made.map(\.description).contains("/etc/new/deep"))
        #expect(!changes.made.map(\.description).contains("/etc/file"))
        #expect(
            try scratch.shell("find tree -name '.imgbased*'; getfattr -R -h -m trusted tree 2>/dev/null")
                == "")
    }
}
