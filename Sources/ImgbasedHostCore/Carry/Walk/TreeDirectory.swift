import ImgbasedCore

/// A directory of a tree that is looked at, as the survey needs it. Names are bytes, none is `.` or `..`, and no link is
/// followed.
public protocol TreeDirectory: AnyObject {
    /// The names in it, in any order, at most `limit`: one more is an error.
    func names(limit: Int) throws(TreeReadError) -> [[UInt8]]

    /// What is at `name`; `nil` where there is nothing.
    func facts(of name: [UInt8]) throws(TreeReadError) -> NodeFacts?

    /// The directory `name` in it.
    func directory(_ name: [UInt8]) throws(TreeReadError) -> Self

    /// The content of the plain file `name`; `nil` where it is longer than `limit` bytes.
    func bytes(of name: [UInt8], limit: Int) throws(TreeReadError) -> [UInt8]?

    /// Whether the plain file `name` has the same content as `otherName` in `other`; both are of one size.
    func hasSameContent(_ name: [UInt8], as otherName: [UInt8], in other: Self) throws(TreeReadError) -> Bool
}

/// Why a tree cannot be looked at, as the end of a sentence.
public struct TreeReadError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Why.
    public var description: String
    /// Whether something that was there is not there any more.
    public var isMissing: Bool

    /// An error for `reason`.
    public init(_ reason: String, isMissing: Bool = false) {
        description = reason
        self.isMissing = isMissing
    }
}
