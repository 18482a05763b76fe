/// A violated property: it does not hold for an input.
struct Finding: Error, CustomStringConvertible {
    let description: String

    /// Throws unless `condition` holds.
    static func unless(
        _ condition: Bool, _ description: @autoclosure () -> String
    ) throws(Finding) {
        if !condition { throw Finding(description: description()) }
    }
}
