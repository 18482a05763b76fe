import TestTrees
import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// A mode and an ACL, which the kernel keeps as one.
@Suite struct AttributeMergeTests {
    private static func attributes(_ mode: UInt32, _ list: [UInt8]? = nil) -> NodeAttributes {
        var attributes = NodeAttributes.test
        attributes.permissions = mode
        attributes.extended[Array("system.posix_acl_access".utf8)] = list
        return attributes
    }

    private static let plain = attributes(0o644)

    @Test func anACLAndANewModeAreAConflict() {
        let ours = AttributeMergeTests.attributes(0o644, [1])
        let merge = AttributeMerge(
            base: AttributeMergeTests.plain, ours: ours, new: AttributeMergeTests.attributes(0o600))
        #expect(merge.attributes == ours)
        #expect(merge.conflicts == ["mode and ACL 0644, the new base has 0600"])
    }

    @Test func whoChangedEitherHasBoth() {
        let (a, b) = (AttributeMergeTests.attributes(0o640, [1]), AttributeMergeTests.attributes(0o644, [2]))
        let here = AttributeMerge(base: a, ours: b, new: a)
        #expect(here.attributes == b && here.kept == ["mode and ACL 0644"] && here.conflicts == [])
        let there = AttributeMerge(base: a, ours: a, new: b)
        #expect(there.attributes == b && there.kept == [] && there.conflicts == [])
        // Removed here, changed there.
        let both = AttributeMerge(base: a, ours: AttributeMergeTests.plain, new: b)
        #expect(both.attributes == AttributeMergeTests.plain && both.conflicts.count == 1)
    }

    @Test func theOtherBitsAreMergedByThemselves() {
        let merge = AttributeMerge(
            base: AttributeMergeTests.attributes(0o4755), ours: AttributeMergeTests.attributes(0o4775, [1]),
            new: AttributeMergeTests.attributes(0o755))
        #expect(merge.attributes == AttributeMergeTests.attributes(0o775, [1]))
        #expect(merge.kept == ["mode and ACL 0775"] && merge.conflicts == [])
    }
}
