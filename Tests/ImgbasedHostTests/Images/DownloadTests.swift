import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import Testing

@testable import ImgbasedHost

/// Images from a server, by curl(1) itself.
@Suite(.serialized, .enabled(if: ImageMaker.missing == nil, Comment(rawValue: ImageMaker.missing ?? "")))
struct DownloadTests {
    /// A server of the directory of `maker`: /cut/NAME ends in the middle of the file, /error/NAME is a
    /// failure.
    private final class Server {
        let address: String
        private let child: HostChild

        private static let program = """
            import http.server, os
            class Handler(http.server.SimpleHTTPRequestHandler):
                def log_message(self, *arguments): pass
                def do_GET(self):
                    parts = self.path.split('?')[0].strip('/').split('/')
                    if parts[0] == 'error':
                        return self.send_error(500)
                    if parts[0] == 'moved':
                        self.send_response(302)
                        self.send_header('Location', 'file:///etc/passwd')
                        return self.end_headers()
                    if parts[0] != 'cut' or not os.path.exists(parts[-1]):
                        return super().do_GET()
                    data = open(parts[-1], 'rb').read()
                    self.send_response(200)
                    self.send_header('Content-Length', str(len(data)))
                    self.end_headers()
                    self.wfile.write(data[:len(data) // 2])
            server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
            print(server.server_address[1], flush=True)
            server.serve_forever()
            """

        init(_ maker: ImageMaker) throws {
            let output = try HostPipe("the server")
            let start = "cd '\(maker.scratch.path)' && exec /usr/bin/python3 -c \"$0\""
            child = try HostChild(
                "/bin/sh", ["-c", start, Server.program], environment: ["PATH=/usr/bin"],
                output: output.writer)
            output.closeWriter()
            var port = ""
            while !port.hasSuffix("\n") {
                let bytes = try [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
                    count = try output.readSome(into: UnsafeMutableRawBufferPointer(buffer))
                }
                if bytes.isEmpty { throw Helper.Failed(description: "the server has not started") }
                port += String(decoding: bytes, as: UTF8.self)
            }
            address = "http://127.0.0.1:\(port.dropLast())"
        }
    }

    @Test(
        arguments: [("ext4", nil), ("ext4", "zstd"), ("squashfs", nil), ("tar", "gzip"), ("oci", nil)]
            as [(String, String?)])
    func wholeImagesArrive(format: String, compressor: String?) async throws {
        let maker = try ImageMaker()
        _ = try maker.image(format, compressor)
        let server = try Server(maker)
        #expect(await maker.outcome(server.address + "/image?x=/y") == "accepted")
        // Nothing counts but the whole image, whatever is in its first half.
        let cut = await maker.outcome(server.address + "/cut/image")
        #expect(cut.contains("curl ended with status 18") || cut.contains("get it again"), "\(cut)")
    }

    @Test func aTransferThatIsCutOffIsNoImage() async throws {
        let maker = try ImageMaker()
        // The first half of what is to be sent is a whole file system.
        _ = try maker.image("ext4")
        try maker.shell("truncate -s 80M image")
        let server = try Server(maker)
        let outcome = await maker.outcome(server.address + "/cut/image")
        #expect(outcome.contains("curl ended with status 18"), "\(outcome)")
    }

    @Test func theListBesideAnImageIsChecked() async throws {
        let maker = try ImageMaker()
        _ = try maker.image("ext4", "gzip")
        let server = try Server(maker)
        let image = server.address + "/image"
        try maker.shell("sha256sum image > SHA256SUMS")
        #expect(await maker.outcome(image) == "accepted")
        try maker.shell("sed -i s/^......../00000000/ SHA256SUMS")
        #expect(await maker.outcome(image).contains("SHA256SUMS beside it has 00000000"))
        try maker.shell("rm SHA256SUMS; : > trusted.gpg")
        #expect(await maker.outcome(image).contains("there is no SHA256SUMS beside it"))
    }

    @Test func whatTheServerDoesNotGiveIsTold() async throws {
        let maker = try ImageMaker()
        let server = try Server(maker)
        #expect(await maker.outcome(server.address + "/missing").contains("error: 404"))
        #expect(await maker.outcome(server.address + "/error/image").contains("error: 500"))
        // A server cannot make a file of this host the image.
        #expect(await maker.outcome(server.address + "/moved/image").contains("curl ended with status 1:"))
        let foreign = await maker.outcome("gopher://127.0.0.1:1/image")
        #expect(foreign.contains("curl ended with status 1:"), "\(foreign)")
    }
}
