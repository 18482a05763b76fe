/// A reader of untrusted bytes. No input may trap it or make it loop.
///
/// For every input, its results have the properties that users rely on.
enum FuzzTarget: String, CaseIterable, Sendable {
    /// A disk, from its label to the devices of every volume.
    case physicalVolume = "physical-volume"
    /// The text in a metadata area.
    case metadataText = "metadata-text"
    /// The command line that the boot loader gives the kernel.
    case kernelCommandLine = "kernel-command-line"
    /// Files of layers, names, and texts of the kernel.
    case smallTexts = "small-texts"
    /// Entries of the boot menu, and GRUB's environment block.
    case bootEntries = "boot-entries"
    /// Three versions of a file that an update carries.
    case merges

    /// Throws the first violated property for `input`.
    func check(_ input: [UInt8]) throws(Finding) {
        switch self {
        case .physicalVolume: try FuzzedDisk(input).check()
        case .metadataText: try FuzzedMetadata(input).check()
        case .kernelCommandLine: try FuzzedCommandLine(input).check()
        case .smallTexts: try FuzzedText(input).check()
        case .bootEntries: try FuzzedEntry(input).check()
        case .merges: try FuzzedMerge(input).check()
        }
    }
}
