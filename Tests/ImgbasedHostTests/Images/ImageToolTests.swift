import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux
import Testing

@testable import ImgbasedHost

/// Image tools that hang.
@Suite struct ImageToolTests {
    private static let command = Command(.tar, ["--list", "--file", "-"])
    private static let impatient = Patience(idle: 1, total: 100)
    private static let reason = "tar was given up: it did nothing for 1 seconds"

    /// No process writes to the tool's input.
    @Test(.timeLimit(.minutes(5))) func aToolThatDoesNothingIsGivenUp() throws {
        let input = try HostPipe("image")
        let failure = #expect(throws: HostFailure.self) {
            try ImageTool(
                Self.command, for: "image", input: input.reader, patience: Self.impatient, ImageReporter()
            ).finish()
        }
        #expect("\(try #require(failure))".contains(Self.reason))
    }

    @Test(.timeLimit(.minutes(5))) func soIsOneThatIsToWriteSomething() throws {
        let (input, output) = (try HostPipe("image"), try HostPipe("image"))
        let tool = try ImageTool(
            Self.command, for: "image", input: input.reader, output: output.writer, patience: Self.impatient,
            ImageReporter())
        output.closeWriter()
        let failure = #expect(throws: HostFailure.self) { try tool.forEachPiece(of: output) { _ in } }
        #expect("\(try #require(failure))".contains(Self.reason))
    }
}
