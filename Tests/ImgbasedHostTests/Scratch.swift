import Foundation
import Glibc
import ImgbasedHostLinux
import ImgbasedLinux

/// A directory for one test, removed with this object.
final class Scratch: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "imgbased-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The path of `name` in the directory.
    func callAsFunction(_ name: String) -> String {
        path + "/" + name
    }

    /// Writes a file in the directory, with the directories above.
    @discardableResult
    func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        let file = self(name)
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        // Close-on-exec: another test's child must not have the file open.
        try OpenFile(opening: file, O_WRONLY | O_CREAT | O_TRUNC, permissions: 0o666).write(Array(bytes))
        return file
    }

    /// Writes an executable script in the directory, with the directories above.
    ///
    /// This process never has it open for writing: a child that another test starts would have it open, too,
    /// until its exec, and execve(2) would refuse the script (ETXTBSY).
    @discardableResult
    func addScript(_ name: String, _ script: String, mode: Int = 0o755) throws -> String {
        let file = self(name)
        let writing = #"mkdir -p "${1%/*}"; printf '#!/bin/sh\n%s\n' "$2" >"$1"; chmod "$3" "$1""#
        try Helper.run("/bin/sh", "-euc", writing, "sh", file, script, String(mode, radix: 8))
        return file
    }

    func read(_ name: String) -> [UInt8]? {
        FileManager.default.contents(atPath: self(name)).map { Array($0) }
    }

    /// Runs a script of bash(1) in the directory, and returns its output.
    @discardableResult
    func shell(_ script: String) throws -> String {
        try Helper.run("/bin/bash", "-euc", "cd '\(path)'\n" + script)
    }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: self(name), withDestinationPath: target)
    }
}

/// A program that tests need and the product does not.
enum Helper {
    struct Failed: Error, CustomStringConvertible {
        var description: String
    }

    /// Runs `path` and returns its output.
    @discardableResult
    static func run(_ path: String, _ arguments: String...) throws -> String {
        // Not Foundation's Process: under load it sometimes misses the end of a program.
        let output = try HostPipe(path)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output.writer, 1)
        posix_spawn_file_actions_adddup2(&actions, output.writer, 2)
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var process = pid_t()
        guard posix_spawn(&process, path, &actions, nil, &words, environ) == 0 else {
            throw Failed(description: "\(path) cannot be run")
        }
        output.closeWriter()
        let bytes = try output.readAll(limit: 1 << 26)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        let text = String(decoding: bytes, as: UTF8.self)
        guard status == 0 else { throw Failed(description: "\(path) \(arguments): \(text)") }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path)
    }
}
