import ImgbasedCore

/// A directory of a tree, as the survey reads it.
///
/// Names are bytes; none is `.` or `..`. No link is followed.
public protocol TreeDirectory: AnyObject {
    /// The names in it, in any order. More than `limit` names are an error.
    func names(limit: Int) throws(TreeReadError) -> [[UInt8]]

    /// The facts of the node `name`; `nil` if there is none.
    func facts(of name: [UInt8]) throws(TreeReadError) -> NodeFacts?

    /// The stamp of the node `name`; `nil` if there is none, or if something else is mounted there.
    ///
    /// It costs less than the facts.
    func stamp(of name: [UInt8]) throws(TreeReadError) -> NodeStamp?

    /// The directory `name` in it.
    func directory(_ name: [UInt8]) throws(TreeReadError) -> Self

    /// The content of the plain file `name`; `nil` if it is longer than `limit` bytes.
    func bytes(of name: [UInt8], limit: Int) throws(TreeReadError) -> [UInt8]?

    /// Whether the plain file `name` has the same content as `otherName` in `other`.
    ///
    /// Both have the same size.
    func hasSameContent(_ name: [UInt8], as otherName: [UInt8], in other: Self) throws(TreeReadError) -> Bool
}

/// Why a tree cannot be read, as the end of a sentence.
public struct TreeReadError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The reason.
    public var description: String
    /// Whether something vanished meanwhile.
    public var isMissing: Bool

    /// An error with this reason.
    public init(_ reason: String, isMissing: Bool = false) {
        description = reason
        self.isMissing = isMissing
    }
}
