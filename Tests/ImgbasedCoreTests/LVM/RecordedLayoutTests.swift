import Testing

@testable import ImgbasedCore

/// Plans for what real lvm2 laid out, held against what it made of that itself.
@Suite struct RecordedLayoutTests {
    @Test(arguments: try RecordedLayout.all("devices"))
    func equalsWhatLVM2Made(layout: RecordedLayout) throws {
        #expect(try layout.plan() == layout.lines())
    }

    @Test(arguments: try RecordedLayout.all("refusal"))
    func refusesWithItsReason(layout: RecordedLayout) throws {
        let error = #expect(throws: Refusal.self) { try layout.plan() }
        #expect(try [error?.reason] == layout.lines())
    }

    @Test func thereAreSome() throws {
        #expect(try RecordedLayout.all("devices").count > 20)
        #expect(try RecordedLayout.all("refusal").count > 15)
    }
}
