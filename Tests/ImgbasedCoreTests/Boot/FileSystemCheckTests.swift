import Testing

@testable import ImgbasedCore

@Suite struct FileSystemCheckTests {
    @Test(
        arguments: [
            ("", ["-p"]), ("fsck.mode=force", ["-p", "-f"]), ("fsck.mode=skip", nil),
            ("fsck.repair=yes", ["-y"]), ("fsck.repair=no fsck.mode=force", ["-n", "-f"]),
        ] as [(String, [String]?)])
    func tellsE2fsck(text: String, arguments: [String]?) {
        let check = BootRequest(commandLine: KernelCommandLine(text)).fileSystemCheck
        #expect(check.e2fsckArguments == arguments)
    }

    /// e2fsck(8), "EXIT CODE"; a signal gives 128 and more.
    @Test(arguments: [
        (0, true), (1, true), (2, true), (3, true), (4, false), (8, false), (12, false), (32, false),
        (137, false), (-1, false),
    ])
    func knowsWhatIsFit(status: Int32, isFit: Bool) {
        #expect(FileSystemCheck.isFit(status: status) == isFit)
    }
}
