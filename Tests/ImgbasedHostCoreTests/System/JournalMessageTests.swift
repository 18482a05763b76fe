import ImgbasedHostCore
import Testing

@Suite struct JournalMessageTests {
    @Test func hasTheFieldsOfTheJournal() {
        #expect(
            JournalMessage(.bad, layer: "Base-0.1", "one\ntwo").fields == [
                "MESSAGE=one\\x0atwo", "MESSAGE_ID=ba0df36580abd369ad363d32dc1e496c", "PRIORITY=4",
                "SYSLOG_IDENTIFIER=imgbase", "IMGBASED_LAYER=Base-0.1",
            ])
        #expect(
            JournalMessage(.good, layer: nil, "up").fields == [
                "MESSAGE=up", "MESSAGE_ID=ee6843b4584e2960680e937076c87ef4", "PRIORITY=5",
                "SYSLOG_IDENTIFIER=imgbase",
            ])
    }
}
