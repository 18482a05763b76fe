import CLinux

/// The arguments of this program.
///
/// Embedded Swift has no `CommandLine`, and that of ordinary Swift reads `/proc`, which a plain chroot lacks.
public enum ProgramArguments {
    /// All arguments; the first is the name of the program.
    public static var words: [String] {
        var words: [String] = []
        var next = imgbased_arguments()
        while let word = next?.pointee {
            words.append(String(cString: word))
            next = next?.successor()
        }
        return words
    }
}
