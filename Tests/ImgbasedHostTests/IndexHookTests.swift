import Foundation
import Testing

/// `hooks/new-layer-added/50-indexes`, in a tree of its own.
@Suite struct IndexHookTests {
    private let scratch: Scratch
    private let hook = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../hooks/new-layer-added/50-indexes").standardized.path

    init() throws {
        scratch = try Scratch()
        try scratch.shell("mkdir -p tree/etc/ld.so.conf.d tree/usr/local/lib/app tree/usr/lib")
    }

    private func run() throws -> String {
        try scratch.shell("IMGBASED_TREE=$PWD/tree sh '\(hook)' 2>&1")
    }

    @Test func theCacheHasTheLibrariesOfTheLayer() throws {
        try scratch.shell(
            """
            echo 'include /etc/ld.so.conf.d/*.conf' >tree/etc/ld.so.conf
            echo /usr/local/lib/app >tree/etc/ld.so.conf.d/app.conf
            cp "$(ldconfig -p | sed -n 's/.*libcrypto.so.* => //p' | head -n 1)" tree/usr/local/lib/app
            echo stale >tree/etc/ld.so.cache
            """)
        #expect(try run() == "")
        #expect(try scratch.shell("ldconfig -r tree -p").contains("=> /usr/local/lib/app/libcrypto.so."))
    }

    @Test func aTreeWithoutIndexesGetsNone() throws {
        #expect(try run() == "")
        #expect(try scratch.shell("ls tree/etc") == "ld.so.conf.d")
    }
}
