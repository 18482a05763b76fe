import Foundation
import Glibc

/// Debian's GRUB as a program: the real menu, script and ext2 driver, on a disk image, in a terminal.
enum GRUBEmulator {
    static let path = "/usr/bin/grub-emu"

    /// The reason to skip tests that need GRUB; `nil` if there is none.
    static var missing: String? {
        Helper.exists(path) ? nil : "there is no \(path); apt-get install --no-install-recommends grub-emu"
    }

    /// Runs GRUB on a file system with the content of `directory`, with GRUB's own files in `prefix`.
    ///
    /// Returns the output without control sequences, and the final environment block of ours.
    static func run(
        _ directory: String, prefix: String, seconds: Double = 30
    ) throws -> (output: String, environment: [UInt8]) {
        let scratch = try Scratch()
        let image = scratch("disk")
        try Helper.run("/usr/bin/truncate", "-s", "8M", image)
        try Helper.run("/usr/sbin/mkfs.ext4", "-q", "-F", "-d", directory, image)
        let map = try scratch.write("device.map", "(hd0) \(image)\n".utf8)
        let output = try terminal([path, "-m", map, "-d", prefix, "-r", "hd0"], seconds: seconds)
        let block = scratch("block")
        try Helper.run("/usr/sbin/debugfs", "-R", "dump \(prefix)/imgbased.env \(block)", image)
        let text = String(decoding: output, as: UTF8.self)
            .replacingOccurrences(of: "\u{1B}\\[[0-9;?]*[a-zA-Z]", with: "", options: .regularExpression)
            .replacingOccurrences(of: "\r", with: "")
        return (text, scratch.read("block") ?? [])
    }

    /// Runs a program that needs a terminal until it ends, and returns its output.
    private static func terminal(_ arguments: [String], seconds: Double) throws -> [UInt8] {
        // posix_openpt, unlockpt and ptsname, which Glibc's module hides: TIOCSPTLCK and TIOCGPTN.
        let main = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var isLocked: CInt = 0
        var number: CInt = 0
        guard main >= 0, ioctl(main, 0x4004_5431, &isLocked) == 0, ioctl(main, 0x8004_5430, &number) == 0
        else {
            throw Helper.Failed(description: "no pseudo-terminal")
        }
        defer { close(main) }
        let line = "/dev/pts/\(number)"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // In a new session, the first terminal opened becomes the program's.
        posix_spawn_file_actions_addopen(&actions, 0, line, O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, 0, 1)
        posix_spawn_file_actions_adddup2(&actions, 0, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(0x80))  // POSIX_SPAWN_SETSID
        var pid: pid_t = 0
        let vector = arguments.map { strdup($0) } + [nil]
        defer { vector.forEach { free($0) } }
        let environment = [strdup("TERM=linux"), strdup("LC_ALL=C.UTF-8"), nil]
        defer { environment.forEach { free($0) } }
        guard posix_spawn(&pid, arguments[0], &actions, &attributes, vector, environment) == 0 else {
            throw Helper.Failed(description: "\(arguments[0]) cannot be run")
        }
        defer {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
        return read(main, until: Date(timeIntervalSinceNow: seconds))
    }

    private static func read(_ terminal: CInt, until end: Date) -> [UInt8] {
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let left = end.timeIntervalSinceNow
            var wait = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
            // End of output: the time is up, or no process has the terminal open.
            guard left > 0, poll(&wait, 1, CInt(left * 1000)) > 0 else { return output }
            let count = Glibc.read(terminal, &buffer, buffer.count)
            guard count > 0 else { return output }
            output += buffer[..<count]
        }
    }
}
