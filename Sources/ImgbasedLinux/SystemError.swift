import CLinux

/// A system call, or a library call that ends in one, that failed.
public struct SystemError: Error, Hashable, CustomStringConvertible {
    /// The operation, as a verb: `open`, `mount`.
    public let operation: String
    /// The object of the operation: a path, a device-mapper name.
    public let object: String
    /// The error's text, or the words of a library or of this program.
    public let reason: String
    /// The error number, errno(3); `nil` if a library or this program found the error.
    public let number: CInt?

    /// Whether nothing has that name (`ENOENT`).
    public var isMissing: Bool { number == ENOENT }

    /// `operation` on `object` failed with `errno`; `reason` replaces the error's own text.
    ///
    /// The corresponding C function is `strerror`.
    public init(_ operation: String, _ object: String, errno: CInt, reason: String? = nil) {
        self.init(operation, object, errno, reason ?? String(cString: strerror(errno)))
    }

    /// `operation` on `object` failed for `reason`.
    public init(_ operation: String, _ object: String, reason: String) {
        self.init(operation, object, nil, reason)
    }

    private init(_ operation: String, _ object: String, _ number: CInt?, _ reason: String) {
        self.operation = operation
        self.object = object
        self.number = number
        self.reason = reason
    }

    /// As the end of a sentence: `cannot open '/dev/vda': No such file or directory`.
    public var description: String {
        "cannot \(operation) '\(object)': \(reason)"
    }

    /// The same error, as that of a larger `operation` on `object`.
    package func failing(_ operation: String, _ object: String) -> SystemError {
        SystemError(operation, object, number, reason)
    }

    /// The same error with `detail` after its reason.
    package func adding(_ detail: String) -> SystemError {
        SystemError(operation, object, number, reason + detail)
    }

    /// The error of a lookup within a tree that just failed.
    ///
    /// The text of `EAGAIN` alone does not tell the user the cause.
    package static func lookup(_ operation: String, _ object: String) -> SystemError {
        guard imgbased_errno() == EAGAIN else { return .last(operation, object) }
        let reason = "something was renamed or mounted during each lookup"
        return SystemError(operation, object, errno: EAGAIN, reason: reason)
    }

    /// The error of a C call that just failed.
    package static func last(_ operation: String, _ object: String) -> SystemError {
        SystemError(operation, object, errno: imgbased_errno())
    }
}
