import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore
import Testing

@Suite struct SettingsFileTests {
    @Test func readsTheFileThatIsThere() throws {
        let scratch = try Scratch()
        #expect(try Settings.read(scratch("imgbased.conf")) == Settings())
        let path = try scratch.write("imgbased.conf", "keep = 5\n".utf8)
        #expect(try Settings.read(path).keep == 5)
        try scratch.write("imgbased.conf", [0xFF, 0xFE, 0x0A])
        do throws(HostFailure) {
            _ = try Settings.read(path)
            Issue.record("no text was read")
        } catch {
            #expect("\(error)".hasPrefix("'\(path)' line 1: "), "\(error)")
        }
        // A directory in place of the file does not count as missing settings.
        #expect(throws: HostFailure.self) { try Settings.read(scratch.path) }
    }
}
