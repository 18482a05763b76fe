import Foundation

/// How root logs in to a delivered image: on the console by a password, over SSH by a key only.
public struct Login: Sendable {
    /// The password.
    public let password: String
    /// The path of a file with public keys, as in `authorized_keys` (sshd(8)); `nil` if there is no key.
    private let keys: String?

    /// A login with a random password of 80 bits, without letters that look alike, and without a key.
    public init() {
        let letters = Array("abcdefghijkmnpqrstuvwxyz23456789")
        password = String((0..<16).map { _ in letters[Int.random(in: letters.indices)] })
        keys = nil
    }

    /// The login by the password in `file`, its only line, and by `keys`.
    ///
    /// If `file` is missing, it is written with a random password.
    public init(passwordFile file: String, keys: String?) throws {
        if !FileManager.default.fileExists(atPath: file) { try Login.store(Login().password, in: file) }
        password = try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .newlines)
        self.keys = keys
        let isTyped = !password.isEmpty && password.utf8.allSatisfy { 0x20...0x7e ~= $0 }
        guard isTyped else {
            throw MachineError.unexpected("'\(file)' must hold one line of ASCII characters, the password")
        }
    }

    /// Writes `text` to the new `file`, which only its owner can read.
    private static func store(_ text: String, in file: String) throws {
        let made = FileManager.default.createFile(
            atPath: file, contents: Data((text + "\n").utf8), attributes: [.posixPermissions: 0o600])
        guard made else { throw MachineError.unexpected("cannot write '\(file)'") }
    }

    /// Makes `directory` with the files `hash`, of the password as shadow(5) has it, and perhaps `keys`.
    ///
    /// Password and hash are in no argument, script or log, which others can read.
    func write(into directory: String) throws {
        let files = FileManager.default
        try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let file = directory + "/password"
        try Login.store(password, in: file)
        let hash = try HostCommand.run("openssl", "passwd", "-6", "-in", file)
        try files.removeItem(atPath: file)
        try Login.store(hash.trimmingCharacters(in: .newlines), in: directory + "/hash")
        if let keys {
            try Login.store(String(contentsOfFile: keys, encoding: .utf8), in: directory + "/keys")
        }
    }

    /// Writes an initramfs, read after the first, that sets the login in the running system alone.
    func makeInitramfs(for release: DebianTree, at file: String) throws {
        let scratch = try BuildDirectory.makeScratch("login")
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        try write(into: scratch + "/imgbased-login")
        // dracut 059 has its hooks in /usr/lib, 106 in /var/lib.
        let hooks = release == .bookworm ? "usr/lib/dracut/hooks" : "var/lib/dracut/hooks"
        try HostCommand.run(
            "sh", "-euc",
            """
            cd "$1"
            mkdir -p "$2/pre-pivot"
            cp "$3" "$2/pre-pivot/50-imgbased-login.sh"
            find . -mindepth 1 | cpio --quiet -o -H newc -R 0:0 >"$4"
            """, "sh", scratch, hooks, Recipe.scripts + "/live-login.sh", file)
    }
}

extension VM {
    /// Logs root in on the serial console by `login`, and starts the agent of the tests from there.
    public func logIn(_ login: Login, within limit: Duration = .minutes(10)) throws {
        try expect("login: ", within: limit)
        try type("root\n")
        try expect("Password: ", within: .minutes(1))
        try type(login.password + "\n")
        try expect("# ", within: .minutes(2))
        let agent = try Data(contentsOf: URL(filePath: RootImage.agent)).base64EncodedString()
        try type(
            "echo \(agent) | base64 -d >/run/agent && "
                + "setsid sh /run/agent /dev/virtio-ports/agent </dev/null >/dev/null 2>&1 &\n")
        try waitForGuest(within: .minutes(2))
    }
}
