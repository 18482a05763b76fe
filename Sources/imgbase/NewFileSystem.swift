import ArgumentParser
import ImgbasedCore

/// The file systems that can be made.
enum NewFileSystem: String, CaseIterable, ExpressibleByArgument {
    case ext4, xfs

    /// The same, as the planner has it.
    var type: FileSystemType {
        switch self {
        case .ext4: .ext4
        case .xfs: .xfs
        }
    }
}
