import CLinux
import Glibc
public import ImgbasedLinux

extension OpenFile {
    /// Opens only the path, to ask which kind of file is there; the file itself stays closed.
    ///
    /// The corresponding C function is `open` with `O_PATH`.
    public init(place path: String) throws(SystemError) {
        try self.init(opening: path, ConfinedTree.pathOnly)
    }

    /// Opens the plain file at `path`, or behind a link there; `nil` if nothing has that name.
    ///
    /// A pipe or a device is refused before it is opened, since opening alone can wait or have effects.
    ///
    /// The corresponding C function is `open`, first with `O_PATH`.
    public static func plain(at path: String) throws(SystemError) -> OpenFile? {
        if HostSystem.isAbsent(path) { return nil }
        let place: OpenFile
        do throws(SystemError) {
            place = try OpenFile(place: path)
        } catch  where error.isMissing {
            throw SystemError("read", path, reason: "it is a link that leads nowhere")
        }
        guard try place.status().kind == .file else {
            throw SystemError("read", path, reason: "it is not a plain file")
        }
        let number = imgbased_open(place.processPath, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0)
        guard number >= 0 else { throw .last("open", path) }
        return OpenFile(owning: number, name: path)
    }
}
