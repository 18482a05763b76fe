/// An action of the executor for a step; it does nothing else.
public enum Action: Hashable, Sendable {
    /// Runs a tool of the distribution.
    case run(Command)
    /// Makes a directory of the running system.
    case makeDirectory(String)
    /// Replaces a file of the running system atomically.
    case replaceFile(path: String, contents: [UInt8])
    /// Replaces a file for a boot loader, which after each write finds the old or the new file.
    case replaceBootFile(path: String, contents: [UInt8])
    /// Makes or replaces a symbolic link of the running system.
    case link(path: String, target: String)
    /// Removes a file of the running system.
    case removeFile(String)
    /// Removes a file that a boot loader may read.
    case removeBootFile(String)
    /// Writes a file that does not survive a reboot.
    case write(path: String, text: String)
    /// Sends an entry to the journal.
    case tellJournal(JournalMessage)
    /// Flushes the file system at a path, so that a boot loader finds the data without replaying a journal.
    case flushBoot(String)
    /// Copies an image to a device and takes its digest.
    case writeImage(String, device: String, ImageAllowance)
    /// Writes the files of an image to a privately mounted file system, and takes its digest.
    case fillFileSystem(String, device: String, type: FileSystemType)
    /// Mounts and unmounts a file system, which replays its log, and grows it to its device.
    case settleFileSystem(device: String, type: FileSystemType)
    /// Makes a directory in a privately mounted file system.
    case makeDirectoryOn(device: String, type: FileSystemType, path: String)
    /// Replaces a file in a privately mounted file system.
    case replaceFileOn(device: String, type: FileSystemType, path: String, contents: [UInt8])
    /// Copies a kernel and its initramfs.
    case copyBootFiles(BootFiles, from: BootFileSource, directory: String)
    /// Removes kernels and initramfs by the names of their directories.
    case removeBootFiles([String], directory: String)
    /// Runs the programs for an event, one after the other.
    case runHooks(HookRun)
    /// Carries configuration between privately mounted file systems.
    case carry(CarryOrder)
    /// Brings added packages along between privately mounted file systems.
    case carryPackages(CarryOrder, isLate: Bool)
    /// Runs programs on privately mounted file systems.
    case reviewCarry(CarryOrder, isLate: Bool)
    /// Copies the archive of a package.
    case keepArchive(from: String, as: PackageArchive)
    /// Replaces the record of added packages in the running system.
    case recordPackages(PackageRecord)
    /// Gives a privately mounted layer the settings of an installation.
    case setUpLayer(LayerSetup)
    /// Ends a conflict of the running system.
    case settleConflict(TreePath, takesNew: Bool)
    /// Mounts a data volume at its place for reading alone, with the files that are there, if so ordered.
    case coverPlace(DataMove)
    /// Copies what a privately mounted layer has at the place of a data volume.
    case fillVolume(DataFill)
    /// Unmounts a device from a place, if it is mounted there.
    case uncoverPlace(DataPlace, device: String)
    /// Waits until all writes to a device are on it.
    case flushDevice(String)
}

/// The facts about an image that are known only after it was written.
public struct ImageFacts: Hashable, Sendable {
    /// The SHA-256 of the image, in lower-case hexadecimal.
    public var digest: String
    /// The length of the image in bytes, as decimal text.
    public var length: String

    /// Facts about an image of `length` bytes.
    public init(digest: String, length: UInt64) {
        self.digest = digest
        self.length = String(length)
    }

    private init(placeholder digest: String, length: String) {
        self.digest = digest
        self.length = length
    }

    /// The placeholders that a plan shows.
    public static let unknown = ImageFacts(
        placeholder: "<SHA-256 of the image>", length: "<bytes of the image>")
}
