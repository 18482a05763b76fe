import Foundation
import ImgbasedCore
import ImgbasedHostCore
import Testing

@testable import ImgbasedHost

/// Settling conflicts on a real file system.
@Suite struct ConflictSettlerTests {
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        try scratch.shell(
            """
            store=.\(ConflictStore.directory) bases=.\(ConflictStore.baseDirectory)
            mkdir -p etc/app $store/etc/app $bases/etc
            echo mine >etc/x; echo new >$store/etc/x; echo old >$bases/etc/x; chmod 600 $store/etc/x
            ln -s new $store/etc/app/link; echo mine >etc/app/link
            mkdir $store/etc/gone; echo new >$store/etc/gone/file
            """)
    }

    private func path(_ text: String) throws -> TreePath { try #require(TreePath(parsing: text)) }

    private func waiting() throws -> [String] {
        try ConflictSettler.waiting(in: scratch.path).map(\.description)
    }

    @Test func takesTheNewVersionWithItsAttributes() throws {
        #expect(try waiting() == ["/etc/app/link", "/etc/gone/file", "/etc/x"])
        for name in ["/etc/x", "/etc/app/link", "/etc/gone/file"] {
            try ConflictSettler.settle(try path(name), takesNew: true, in: scratch.path)
        }
        #expect(
            try scratch.shell("cat etc/x etc/gone/file; stat -c %a etc/x; readlink etc/app/link")
                == "new\nnew\n600\nnew")
        #expect(try waiting().isEmpty)
        #expect(try scratch.shell("ls var/lib/imgbased") == "", "nothing is left of either directory")
    }

    @Test func leavesTheFileOfThisHost() throws {
        try ConflictSettler.settle(try path("/etc/x"), takesNew: false, in: scratch.path)
        #expect(try scratch.shell("cat etc/x") == "mine")
        #expect(try waiting() == ["/etc/app/link", "/etc/gone/file"])
        #expect(try scratch.shell("ls var/lib/imgbased") == "conflicts", "its base went with it")
        // An interrupted run is finished by the next.
        try ConflictSettler.settle(try path("/etc/x"), takesNew: true, in: scratch.path)
        #expect(try scratch.shell("cat etc/x") == "mine")
    }

    @Test func aHostWithoutConflictsHasNone() throws {
        try scratch.shell("rm -r var")
        #expect(try waiting().isEmpty)
    }
}
