import CLinux
import Glibc
public import ImgbasedLinux

/// A mount namespace for this program alone.
public enum HostNamespace {
    /// The variable with the name of the namespace, for the program that is run anew.
    private static let variable = "IMGBASED_NAMESPACE"

    /// Runs this program anew, with the same arguments, in a mount namespace of its own; returns in that one.
    ///
    /// No other program sees what is mounted there, and it goes when the last process in the namespace ends.
    /// A thread cannot take the other threads along into a namespace; a new program has only one.
    ///
    /// The corresponding C functions are `unshare`, `mount` with `MS_PRIVATE`, and `execv`.
    public static func enter() throws(SystemError) {
        if let own = name(of: "self"), let wanted = getenv(variable), String(cString: wanted) == own {
            unsetenv(variable)
            return
        }
        guard imgbased_own_mounts() == 0 else { throw .last("make mounts of its own for", "imgbase") }
        guard let name = name(of: "thread-self") else { throw .last("look at", "/proc/thread-self/ns/mnt") }
        setenv(variable, name, 1)
        execv("/proc/self/exe", imgbased_arguments())
        throw .last("run", "/proc/self/exe")
    }

    /// The name of the namespace of a process, as proc(5) has it.
    private static func name(of process: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 64)
        let count = readlink("/proc/\(process)/ns/mnt", &buffer, buffer.count)
        return count > 0
            ? String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }
}
