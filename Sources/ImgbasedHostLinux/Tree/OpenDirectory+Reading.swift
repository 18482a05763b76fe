import Glibc
import ImgbasedCore
public import ImgbasedHostCore
public import ImgbasedLinux

extension ConfinedTree {
    /// Opens the directory at `path`. No part of the path may be a link.
    public func directory(_ path: String = "/") throws(SystemError) -> OpenDirectory {
        try OpenDirectory(open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
    }
}

extension OpenDirectory: TreeDirectory {
    /// The names from `listing`; more than `limit` are an error.
    public func names(limit: Int) throws(TreeReadError) -> [[UInt8]] {
        do throws(SystemError) { return try listing(limit: limit) } catch { throw TreeReadError(error) }
    }

    /// The facts from `look`; `nil` if `name` is missing.
    public func facts(of name: [UInt8]) throws(TreeReadError) -> NodeFacts? {
        do throws(SystemError) { return try look(at: name) } catch { throw TreeReadError(error) }
    }

    /// The stamp from `stamp(at:)`.
    public func stamp(of name: [UInt8]) throws(TreeReadError) -> NodeStamp? {
        do throws(SystemError) { return try stamp(at: name) } catch { throw TreeReadError(error) }
    }

    /// The directory `name`, opened by `open(directory:)`.
    public func directory(_ name: [UInt8]) throws(TreeReadError) -> OpenDirectory {
        do throws(SystemError) { return try open(directory: name) } catch { throw TreeReadError(error) }
    }

    /// The content of a plain file; `nil` if it is longer than `limit` bytes.
    public func bytes(of name: [UInt8], limit: Int) throws(TreeReadError) -> [UInt8]? {
        do throws(SystemError) {
            let bytes = try open(file: name).read(upTo: limit + 1)
            return bytes.count > limit ? nil : bytes
        } catch {
            throw TreeReadError(error)
        }
    }

    /// Whether two plain files have the same content.
    public func hasSameContent(
        _ name: [UInt8], as otherName: [UInt8], in other: OpenDirectory
    ) throws(TreeReadError) -> Bool {
        do throws(SystemError) {
            let file = try open(file: name)
            return try file.hasSameContent(as: other.open(file: otherName))
        } catch {
            throw TreeReadError(error)
        }
    }
}

extension TreeReadError {
    fileprivate init(_ error: SystemError) {
        self.init("\(error)", isMissing: error.isMissing)
    }
}
