import Testing

@testable import ImgbasedCore

/// Compares plans for real lvm2 layouts with the devices that lvm2 made.
@Suite struct RecordedLayoutTests {
    @Test(arguments: try RecordedLayout.all("devices"))
    func equalsWhatLVM2Made(layout: RecordedLayout) throws {
        // The kernel shows neither of these beside the table.
        let plan = try layout.plan().filter { !$0.contains(" read-ahead ") && !$0.contains(" minor ") }
        let lines = try layout.lines()
        // lvm2 makes a volume's device before those of its snapshots, and starts it after them; we make it
        // then.
        let hasSnapshots = lines.contains { $0.contains(" snapshot") }
        #expect(hasSnapshots ? plan.sorted() == lines.sorted() : plan == lines)
    }

    @Test(arguments: try RecordedLayout.all("refusal"))
    func refusesWithItsReason(layout: RecordedLayout) throws {
        let error = #expect(throws: Refusal.self) { try layout.plan() }
        #expect(try [error?.reason] == layout.lines())
    }

    @Test func thereAreSome() throws {
        #expect(try RecordedLayout.all("devices").count > 20)
        #expect(try RecordedLayout.all("refusal").count > 10)
    }
}
