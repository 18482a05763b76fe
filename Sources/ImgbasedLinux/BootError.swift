public import ImgbasedCore

/// Why a layer does not come up.
public enum BootError: Error, CustomStringConvertible {
    /// It is not for our own code to activate it; lvm2 may know better.
    case refused(Refusal)
    /// It cannot come up, whoever tries. One sentence without a full stop.
    case failed(String)

    /// The cause.
    public var description: String {
        switch self {
        case .refused(let refusal): refusal.reason
        case .failed(let reason): reason
        }
    }

    /// The result of `body`; its error as one of these.
    public static func from<Result>(_ body: () throws(SystemError) -> Result) throws(BootError) -> Result {
        do throws(SystemError) {
            return try body()
        } catch {
            throw .failed(error.description)
        }
    }

    /// The result of `body`; its error as one of these.
    public static func from<Result>(_ body: () throws(Refusal) -> Result) throws(BootError) -> Result {
        do throws(Refusal) {
            return try body()
        } catch {
            throw .refused(error)
        }
    }
}
