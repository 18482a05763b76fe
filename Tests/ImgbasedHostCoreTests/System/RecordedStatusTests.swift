import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// The status for users who are not root.
@Suite struct RecordedStatusTests {
    private static let early = HostStatus.EarlyBoot(
        layer: "Base-0.1", mode: .volatile, degraded: nil,
        fallbacks: [SkippedLayer(layer: "Base-1.1", reason: "there is no such layer")])

    @Test func whatWasRecordedIsShownAsItIs() throws {
        let message = "booted:     Base-0.1 (the default, good)\nnext boot:  Base-0.1\n"
        let status = try #require(RecordedStatus(early: Self.early, reason: .default, message: message))
        #expect(status.shown == ["booted:     Base-0.1 (the default, good)", "next boot:  Base-0.1"])
        #expect(status.note.contains("only root"))
    }

    @Test func theInitramfssReportIsEnough() throws {
        let status = try #require(RecordedStatus(early: Self.early, reason: nil, message: nil))
        #expect(
            status.shown == [
                "booted:     Base-0.1 (volatile)",
                "warning:    layer 'Base-1.1' was not booted: there is no such layer",
            ])
    }

    @Test func withoutRecordsThereIsNone() {
        #expect(RecordedStatus(early: nil, reason: .default, message: nil) == nil)
        #expect(RecordedStatus(early: nil, reason: .default, message: "\n") == nil)
    }
}
