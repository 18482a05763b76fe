import Testing

@testable import ImgbasedHostCore

@Suite struct SerialConsoleTests {
    @Test(arguments: [
        ("console=tty0 console=ttyS0,115200 quiet", 0, 115_200), ("console=ttyS1", 1, 9600),
        ("console=ttyS0,", 0, 9600),
        ("console=ttyS0,9600n8 console=ttyS3,57600n8r console=tty0", 3, 57_600),
        (#""console=ttyS2,38400""#, 2, 38_400),
    ])
    func theLastPortCounts(arguments: String, unit: Int, speed: Int) throws {
        let console = try #require(SerialConsole(kernelArguments: arguments))
        #expect(console.unit == unit && console.speed == speed)
        #expect(console.commandsOfGRUB.contains("serial --unit=\(unit) --speed=\(speed);"))
    }

    @Test(arguments: [
        "", "quiet", "console=tty0", "console", "console=ttyS", "console=ttySx", "console=ttyS-1",
        "console=ttyS100",
        "console=ttyS0,n8", "console=ttyS0,99999999999999999999", "console=hvc0",
        "-- console=ttyS0", "xconsole=ttyS0",
    ])
    func nothingElseIsAPort(arguments: String) {
        #expect(SerialConsole(kernelArguments: arguments) == nil)
    }
}
