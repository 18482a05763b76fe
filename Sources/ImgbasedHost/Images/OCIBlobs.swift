import FoundationEssentials
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// The blobs of an untrusted layout: nothing in it leads outside.
///
/// Format: opencontainers/image-spec: image-layout.md.
final class OCIBlobs {
    private let tree: ConfinedTree
    /// The name of the image in messages.
    let name: String

    private static let documentLimit = 4 << 20

    /// Opens the layout in the directory `path`.
    init(_ path: String, name: String) throws(HostFailure) {
        tree = try calling(ConfinedTree(path))
        self.name = name
    }

    /// The images in the layout.
    func index() throws(HostFailure) -> OCIIndex {
        let path = "/index.json"
        let bytes = try calling(tree.read(path, limit: OCIBlobs.documentLimit))
        guard let bytes else { throw .image(name, reason: "it has no index.json") }
        return try decode(bytes, path)
    }

    /// The document that `descriptor` names, after a check of its digest.
    func document<Document: Decodable>(_ descriptor: OCIDescriptor) throws(HostFailure) -> Document {
        let file = try open(descriptor)
        let bytes = try calling(file.readAll(limit: OCIBlobs.documentLimit))
        var digest = Digest()
        digest.update(bytes)
        try check(digest.hexadecimal(), descriptor)
        return try decode(bytes, OCIBlobs.path(try digits(descriptor)))
    }

    /// The blob that `descriptor` names, after a check that it is a plain file of that length.
    ///
    /// Its digest is not checked.
    func open(_ descriptor: OCIDescriptor) throws(HostFailure) -> OpenFile {
        let digits = try digits(descriptor)
        let file = try calling(tree.openFile(OCIBlobs.path(digits)))
        if let file {
            let size = try calling(file.status().size)
            if size == UInt64(exactly: descriptor.size) { return file }
        }
        throw .image(
            name,
            reason: "blob \(digits) in it is missing, or not \(descriptor.size) bytes long; get it again")
    }

    /// Throws unless `digest`, that of the bytes read, is the one in `descriptor`.
    func check(_ digest: String, _ descriptor: OCIDescriptor) throws(HostFailure) {
        let digits = try digits(descriptor)
        guard digest == digits else {
            throw .image(name, reason: "the SHA-256 of blob \(digits) in it is \(digest); get it again")
        }
    }

    private static func path(_ digits: String) -> String { "/blobs/sha256/" + digits }

    /// The SHA-256 in `descriptor`, after a check of its form.
    private func digits(_ descriptor: OCIDescriptor) throws(HostFailure) -> String {
        let parts = descriptor.digest.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "sha256", parts[1].utf8.count == 64,
            parts[1].utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) })
        else {
            throw .image(
                name, reason: "'\(descriptor.digest.asMessageLine)' in it is not a supported digest")
        }
        return String(parts[1])
    }

    private func decode<Document: Decodable>(_ bytes: [UInt8], _ path: String) throws(HostFailure) -> Document
    {
        do {
            return try JSONDecoder().decode(Document.self, from: Data(bytes))
        } catch {
            throw .image(name, reason: "'\(path)' in it cannot be read as JSON of an OCI image")
        }
    }
}
