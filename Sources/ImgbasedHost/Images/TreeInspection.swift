import ImgbasedCore
import ImgbasedLinux

/// Looks into archives, without unpacking them.
enum TreeInspection {
    /// What is in the squashfs `spool`.
    static func squashfs(
        _ spool: ImageSpool, name: String, _ reporter: ImageReporter
    ) throws(HostFailure) -> TreeListing {
        try list(
            Command(.unsquashfs, ["-no-progress", "-lln", spool.path]), input: nil, name: name, reporter)
    }

    /// What is in the tar `spool`.
    static func tar(
        _ spool: ImageSpool, name: String, _ reporter: ImageReporter
    ) throws(HostFailure) -> TreeListing {
        try list(tarCommand, input: try spool.rewound(), name: name, reporter)
    }

    /// What is in the tar that `stream` is.
    static func tar(
        _ stream: ImageStream, name: String, _ reporter: ImageReporter
    ) throws(HostFailure) -> TreeListing {
        let pipe = try calling { () throws(SystemError) in try HostPipe(name) }
        let input = pipe.reader
        let feeder = try StreamFeeder(stream, to: pipe)
        let listing = try list(tarCommand, input: input, name: name, reporter)
        pipe.closeReader()
        try feeder.finish()
        return listing
    }

    // No pax header changes what is listed, no name the lines.
    private static let tarCommand = Command(
        .tar, ["--list", "--verbose", "--numeric-owner", "--quoting-style=escape", "--file", "-"])

    private static func list(
        _ command: Command, input: Int32?, name: String, _ reporter: ImageReporter
    ) throws(HostFailure) -> TreeListing {
        reporter.report(.list)
        let output = try calling { () throws(SystemError) in try HostPipe(name) }
        let tool = try ImageTool(command, for: name, input: input, output: output.writer, reporter)
        output.closeWriter()
        var listing = TreeListing()
        var line: [UInt8] = []
        try calling { () throws(SystemError) in
            try output.forEachPiece { piece in
                var rest = piece[...]
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    line += rest[..<end].prefix(max(0, TreeListing.lineLimit - line.count))
                    listing.add(line)
                    line.removeAll(keepingCapacity: true)
                    rest = rest[(end + 1)...]
                }
                line += rest.prefix(max(0, TreeListing.lineLimit - line.count))
            }
        }
        try tool.finish()
        return listing
    }
}
