import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Lists archives without unpacking them.
enum TreeInspection {
    /// Lists the squashfs `spool`.
    static func squashfs(
        _ spool: ImageSpool, name: String, _ reporter: ImageReporter
    ) throws(HostFailure) -> TreeListing {
        try list(
            Command(.unsquashfs, ["-no-progress", "-lln", spool.path]), input: nil, name: name, reporter)
    }

    /// Lists the tar `spool`.
    static func tar(
        _ spool: ImageSpool, isLayer: Bool = false, name: String, _ reporter: ImageReporter
    ) throws(HostFailure) -> TreeListing {
        let length = try spool.length()
        let listing = try list(
            tarCommand, input: try spool.rewound(), isLayer: isLayer, name: name, reporter,
            position: { (spool.offset, length) })
        // tar(1) accepts an archive cut off between two files. Image layers have a length and a digest.
        if !isLayer, let length, try !spool.hasEndOfTar(length) {
            throw .image(
                name, reason: "it is cut off: the zeros that a tar ends with are missing; get it again")
        }
        return listing
    }

    /// Lists the tar in `stream`, an image layer.
    static func tar(
        layer stream: ImageStream, name: String, _ reporter: ImageReporter
    ) throws(HostFailure) -> TreeListing {
        let pipe = try calling(HostPipe(name))
        let input = pipe.reader
        let feeder = try StreamFeeder(stream, to: pipe)
        let listing = try list(
            tarCommand, input: input, isLayer: true, name: name, reporter, position: { stream.position })
        pipe.closeReader()
        try feeder.finish()
        return listing
    }

    // No pax header changes the listing, and no file name breaks its lines.
    private static let tarCommand = Command(
        .tar, ["--list", "--verbose", "--numeric-owner", "--quoting-style=escape", "--file", "-"])

    private static func list(
        _ command: Command, input: Int32?, isLayer: Bool = false, name: String, _ reporter: ImageReporter,
        position: () -> (done: UInt64, total: UInt64?) = { (0, nil) }
    ) throws(HostFailure) -> TreeListing {
        reporter.report(.list)
        let output = try calling(HostPipe(name))
        let tool = try ImageTool(command, for: name, input: input, output: output.writer, reporter)
        output.closeWriter()
        var listing = TreeListing(isLayer: isLayer)
        var line: [UInt8] = []
        try tool.forEachPiece(of: output) { piece in
            let (done, total) = position()
            reporter.report(.list, done: done, total: total)
            var start = piece.startIndex
            while let end = piece[start...].firstIndex(of: UInt8(ascii: "\n")) {
                if line.isEmpty, end - start <= TreeListing.lineLimit {
                    listing.add(UnsafeRawBufferPointer(rebasing: piece[start..<end]))
                } else {
                    line += piece[start..<end].prefix(max(0, TreeListing.lineLimit - line.count))
                    listing.add(line)
                    line.removeAll(keepingCapacity: true)
                }
                start = end + 1
            }
            line += piece[start...].prefix(max(0, TreeListing.lineLimit - line.count))
        }
        try tool.finish()
        if let strange = listing.strange { throw .image(name, reason: strange) }
        return listing
    }
}
