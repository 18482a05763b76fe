/// A web server of a directory, for machines of this build host; it ends with this object.
final class HTTPServer {
    /// The port on 127.0.0.1.
    let port: Int
    private let server: ChildProcess
    private let output: Descriptor

    init(of directory: String) throws {
        let (reading, writing) = try Descriptor.pipe()
        server = try ChildProcess(
            ["python3", "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", directory],
            descriptors: [Descriptor.null(), writing, Descriptor.null()])
        writing.close()
        output = reading
        // Its first line ends with the port: `Serving HTTP on 127.0.0.1 port 41234 (http://…`.
        let deadline = Deadline(within: .minutes(1))
        var text = ""
        while !text.contains("\n") {
            guard try !waitReadable([reading], deadline).isEmpty, let bytes = try reading.readSome(),
                !bytes.isEmpty
            else { throw MachineError.unexpected("the web server does not start: \(text)") }
            text += String(decoding: bytes, as: UTF8.self)
        }
        let words = text.split(separator: " ")
        guard let index = words.firstIndex(of: "port"), index + 1 < words.count,
            let port = Int(words[index + 1])
        else { throw MachineError.unexpected("the web server does not tell its port: \(text)") }
        self.port = port
    }
}
