import CLinux

/// A system call, or a library call that ends in one, that failed.
public struct SystemError: Error, Hashable, CustomStringConvertible {
    /// What was tried, as a verb: `open`, `mount`.
    public var operation: String
    /// What it was tried on: a path, a device-mapper name.
    public var object: String
    /// Why it failed: the error's text, or what the library said.
    public var reason: String
    /// Whether there is no such thing, or not any more.
    public private(set) var isMissing = false

    /// `operation` on `object` failed with `errno`.
    ///
    /// The corresponding C function is `strerror`.
    public init(_ operation: String, _ object: String, errno: CInt) {
        self.init(operation, object, reason: String(cString: strerror(errno)))
        isMissing = errno == ENOENT
    }

    /// `operation` on `object` failed for `reason`.
    public init(_ operation: String, _ object: String, reason: String) {
        self.operation = operation
        self.object = object
        self.reason = reason
    }

    /// As the end of a sentence: `cannot open '/dev/vda': No such file or directory`.
    public var description: String {
        "cannot \(operation) '\(object)': \(reason)"
    }

    /// The error of a lookup within a tree that just failed, of which EAGAIN alone says nothing.
    package static func lookup(_ operation: String, _ object: String) -> SystemError {
        guard imgbased_errno() == EAGAIN else { return .last(operation, object) }
        let reason = "whenever it was looked up, something was renamed or mounted meanwhile"
        return SystemError(operation, object, reason: reason)
    }

    /// The error of a C call that just failed.
    package static func last(_ operation: String, _ object: String) -> SystemError {
        SystemError(operation, object, errno: imgbased_errno())
    }
}
