import CLinux

/// What this program was started with.
///
/// Embedded Swift has no `CommandLine`, and that of ordinary Swift reads `/proc`, which a plain chroot has not.
public enum ProgramArguments {
    /// The words, the name of the program first.
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
