import Glibc
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// The proof that an image is unchanged since its maker delivered it.
///
/// It is `SHA256SUMS` beside the image, and `SHA256SUMS.gpg` if the host has the keys of trusted makers.
public struct ImageTrust: Sendable {
    /// The path of the keys, as gpgv(1) reads them. If anything exists there, every image must be signed.
    public var keyring = "/etc/imgbased/trusted.gpg"

    private static let list = "SHA256SUMS"
    private static let signature = "SHA256SUMS.gpg"
    /// The size limit of a signature file in bytes; a signature has less than a kilobyte.
    private static let limit = 1 << 20
    /// The limits of gpgv: its output in bytes, its time in seconds.
    private static let answerLimit = 16 << 20
    private static let seconds = 60

    /// The trust of this host, with the default keyring.
    public static let host = ImageTrust()

    /// Trusts the keys in the file `keyring`.
    public init(keyring: String = "/etc/imgbased/trusted.gpg") {
        self.keyring = keyring
    }

    /// Whether every image must be signed.
    private var isRequired: Bool { !HostSystem.isAbsent(keyring) }

    /// The digest that the image at `path` must have as delivered; `nil` if nothing says it.
    ///
    /// `kind` describes an image that is no plain file; nothing can say its digest.
    func expectation(_ path: String, kind: String?, _ reporter: ImageReporter) throws(HostFailure) -> String?
    {
        if isRequired { try checkKeyring(for: path) }
        if let kind {
            guard isRequired else { return nil }
            throw .image(
                path,
                reason:
                    "\(kind) has no signature, and \(keyring) asks for one; give a file with \(ImageTrust.signature) beside it"
            )
        }
        // An address may have more behind the path (RFC 3986, 3).
        let file = OpenedImage.isRemote(path) ? String(path.prefix { $0 != "?" && $0 != "#" }) : path
        let slash = file.lastIndex(of: "/")
        let directory = slash.map { String(file[...$0]) } ?? "./"
        let name = slash.map { String(file[file.index(after: $0)...]) } ?? file
        guard
            let text = try ImageTrust.read(
                directory + ImageTrust.list, limit: ChecksumList.limit, path, reporter)
        else {
            guard isRequired else { return nil }
            throw .image(
                path,
                reason:
                    "there is no \(ImageTrust.list) beside it, and \(keyring) asks for a signed one; get it as well"
            )
        }
        if isRequired { try checkSignature(of: text, directory + ImageTrust.signature, path, reporter) }
        switch ChecksumList(text).answer(for: name) {
        case .digest(let digest): return digest
        case .missing:
            throw .image(
                path,
                reason: "\(ImageTrust.list) beside it does not list it; get the one that does, or remove it")
        case .contradictory:
            throw .image(path, reason: "\(ImageTrust.list) beside it has two digests for it; get both again")
        }
    }

    /// The content of the file at `path`, beside `image`; `nil` if it is missing.
    ///
    /// An unreadable file is an error.
    private static func read(
        _ path: String, limit: Int, _ image: String, _ reporter: ImageReporter
    ) throws(HostFailure) -> [UInt8]? {
        if OpenedImage.isRemote(image) {
            return try Download.contents(path, limit: limit, for: image, reporter)
        }
        do throws(SystemError) {
            guard let file = try OpenFile.plain(at: path) else { return nil }
            return try file.readAll(limit: limit)
        } catch {
            throw .image(
                image, reason: "'\(path)' beside it cannot be read: \(error.reason); get both again")
        }
    }

    /// Throws if `digest` is not the `expected` one.
    static func check(_ digest: String, _ expected: String?, _ path: String) throws(HostFailure) {
        guard let expected, expected != digest else { return }
        throw .image(
            path, reason: "its SHA-256 is \(digest), and \(list) beside it has \(expected); get it again")
    }

    /// Throws unless the file `signature` has a good signature of `text`.
    ///
    /// `text` is the text that was read: the file may have changed since.
    private func checkSignature(
        of text: [UInt8], _ signature: String, _ image: String, _ reporter: ImageReporter
    ) throws(HostFailure) {
        guard let signatures = try ImageTrust.read(signature, limit: ImageTrust.limit, image, reporter)
        else {
            throw .image(
                image,
                reason:
                    "there is no \(ImageTrust.signature) beside it, and \(keyring) asks for one; get it as well"
            )
        }
        // The bytes already read count, not the files when gpgv runs.
        let signed = try calling(HostTemporary.file(with: text))
        let detached = try calling(HostTemporary.file(with: signatures))
        let status = try calling(HostTemporary.file())
        // Status 1 is a bad signature, 2 among others one it cannot check. Its words on each signature
        // decide.
        let command = Command(
            .gpgv, ["--keyring", keyring, "--status-fd", "1", "--", detached.processPath, "-"],
            successes: [0, 1, 2])
        let gpgv = try ImageTool(
            command, for: image, input: signed.number, output: status.number, reporter)
        let end = try gpgv.finish(within: ImageTrust.seconds)
        let answer = try calling { () throws(SystemError) in
            try status.rewind()
            return try status.readAll(limit: ImageTrust.answerLimit)
        }
        let found = SignatureStatus(String(decoding: answer, as: UTF8.self))
        if found.isGood(ended: end.status ?? -1) { return }
        throw .image(
            image,
            reason: "the signature of \(ImageTrust.list) beside it is not good: "
                + problem(found, end.message))
    }

    /// The problem of the signatures and its remedy, as the end of a sentence.
    private func problem(_ status: SignatureStatus, _ message: String) -> String {
        switch status.worst {
        case .bad(let key): "key \(key) signed other data; get both again"
        case .revokedKey(let key):
            "its key \(key) was revoked; get a valid key, and the list signed with it"
        case .expiredKey(let key):
            "its key \(key) has expired; get a valid key, and the list signed with it"
        case .expired(let key): "the signature by key \(key) has expired; get a valid one"
        case .unknownKey(let key): "it is by key \(key), which is not in \(keyring)"
        case .unclear, .good, nil:
            message.isEmpty
                ? "it is not a valid signature; get it again"
                : "\(CommandRunner.brief(message)); get it again"
        }
    }

    /// Throws unless the keys can be read: gpgv would blame the signature.
    private func checkKeyring(for image: String) throws(HostFailure) {
        do throws(SystemError) {
            guard let file = try ConfinedTree("/").openFile(keyring) else {
                throw SystemError("read", keyring, reason: "it is a link that leads nowhere")
            }
            guard try !file.read(upTo: 64).starts(with: "-----BEGIN PGP".utf8) else {
                throw SystemError(
                    "read", keyring,
                    reason: "they are in ASCII armour; make them binary with 'gpg --dearmor'")
            }
        } catch {
            throw .image(
                image,
                reason: "it must be signed, and the keys in \(keyring) cannot be read: \(error.reason); "
                    + "put them there, or remove it to trust every image")
        }
    }
}
