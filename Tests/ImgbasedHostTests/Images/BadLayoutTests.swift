import Glibc
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux
import Testing

/// OCI images whose documents and layers do not fit together.
///
/// umoci never sees a layer compressed by zstd, so our code must find the faults that umoci would find.
@Suite(.serialized, .enabled(if: ImageMaker.missing == nil, Comment(rawValue: ImageMaker.missing ?? "")))
struct BadLayoutTests {
    /// A layout in the directory `image` after `change`, in Python, of its documents: the digests are right.
    private func layout(_ change: String, _ format: String = "oci-zstd") throws -> ImageMaker {
        let maker = try ImageMaker()
        _ = try maker.image(format)
        try maker.shell(
            """
            cat > change.py <<'END'
            import hashlib, json, subprocess, sys
            blobs = "image/blobs/sha256/"
            def get(descriptor):
                return open(blobs + descriptor["digest"][7:], "rb").read()
            def put(descriptor, content):
                name = hashlib.sha256(content).hexdigest()
                open(blobs + name, "wb").write(content)
                descriptor["digest"], descriptor["size"] = "sha256:" + name, len(content)
            def run(command):
                return subprocess.check_output(command, shell=True)
            index = json.load(open("image/index.json"))
            manifest = json.loads(get(index["manifests"][0])); layers = manifest["layers"]
            config = json.loads(get(manifest["config"])); differences = config["rootfs"]["diff_ids"]
            exec(sys.argv[1])
            put(manifest["config"], json.dumps(config).encode())
            put(index["manifests"][0], json.dumps(manifest).encode())
            json.dump(index, open("image/index.json", "w"))
            END
            python3 change.py '\(change)'
            """)
        return maker
    }

    @Test(arguments: [
        ("pass", "accepted"),
        // One image under two tags.
        ("index[\"manifests\"].append(index[\"manifests\"][0])", "accepted"),
        // The right layers in the wrong places.
        ("differences.reverse()", "and its configuration has another there"),
        ("layers.reverse()", "and its configuration has another there"),
        ("differences[1] = 64 * \"0\"", "and its configuration has another there"),
        ("differences.pop()", "its manifest has 2 layers, and its configuration 1"),
        ("layers.clear(); differences.clear()", "its manifest has 0 layers"),
        ("del config[\"rootfs\"]", "cannot be read as JSON"),
        (
            "layers += 499 * layers[:1]; differences += 499 * differences[:1]",
            "it has 501 layers, more than 500"
        ),
        ("put(layers[0], get(layers[0])[:-1000])", "zstd ended with status 1"),
        ("put(layers[0], get(layers[0]) + b\"garbage\")", "zstd ended with status 1"),
        ("put(layers[0], b\"\")", "zstd ended with status 1"),
        ("put(layers[1], run(\"cat 2.tar\"))", "zstd ended with status 1"),
        ("layers[0][\"size\"] = -1", "is missing, or not -1 bytes long"),
        ("layers[0][\"digest\"] = \"sha256:\" + 64 * \"0\"; layers[0][\"size\"] = -1", "is missing, or not"),
        ("layers[0][\"digest\"] = \"sha256:../../../config\"", "is not a supported digest"),
        ("layers[0][\"mediaType\"] = layers[0][\"mediaType\"].replace(\"zstd\", \"xz\")", "layers of type"),
        ("layers[1][\"mediaType\"] += \"\\n\"", "cannot be read; copy it with"),
        (
            "layers[1][\"mediaType\"] = \"application/vnd.docker.image.rootfs.diff.tar.zstd\"",
            "layers of type 'application/vnd.docker.image.rootfs.diff.tar.zstd' cannot be read; copy it with"
        ),
    ])
    func whatDoesNotFitIsRefused(change: String, reason: String) async throws {
        #expect(try await layout(change).outcome().contains(reason))
    }

    @Test func umociChecksWhatIsLeftToIt() async throws {
        let change = "differences[0] = \"sha256:\" + 64 * \"0\""
        #expect(try await layout(change, "oci-gzip-zstd").outcome().contains("umoci ended with status"))
    }

    // Each is as long as before, and decompresses or reads as before.
    @Test(arguments: [
        "blob=layers[0]; at=-1", "blob=layers[1]; at=-4", "blob=manifest['config']; at=1",
        "blob=index['manifests'][0]; at=1",
    ])
    func everyDigestIsChecked(which: String) async throws {
        let maker = try layout("pass")
        try maker.shell(
            """
            cat > damage.py <<'END'
            import json, sys
            blobs = "image/blobs/sha256/"
            load = lambda descriptor: json.load(open(blobs + descriptor["digest"][7:]))
            index = json.load(open("image/index.json")); manifest = load(index["manifests"][0]); layers = manifest["layers"]
            exec(sys.argv[1])
            path = blobs + blob["digest"][7:]; content = bytearray(open(path, "rb").read())
            if at < 0: content[at] ^= 1
            else: content = content.replace(b": ", b":\\t", 1)
            open(path, "wb").write(content)
            END
            python3 damage.py "\(which)"
            """)
        let outcome = await maker.outcome()
        #expect(outcome.contains("the SHA-256 of blob") && outcome.hasSuffix("; get it again"))
    }

    /// A layout whose second layer has one entry with these properties; `attributes` are Python's.
    private func layout(
        _ name: String, kind: String = "REGTYPE", target: String = "", attributes: String = "{}",
        _ format: String = "zstd"
    ) throws -> ImageMaker {
        try layout(
            "import tarfile, io; b = io.BytesIO(); o = tarfile.open(fileobj=b, mode=\"w\", format=tarfile.PAX_FORMAT); "
                + "e = tarfile.TarInfo(\"\(name)\"); e.type = tarfile.\(kind); e.linkname = \"\(target)\"; "
                + "e.pax_headers = \(attributes); o.addfile(e); "
                + "o.close(); open(\"new\", \"wb\").write(b.getvalue()); put(layers[1], run(\"\(format) -q < new\")); "
                + "differences[1] = \"sha256:\" + hashlib.sha256(b.getvalue()).hexdigest()",
            format == "zstd" ? "oci-zstd" : "oci-directory")
    }

    // umoci takes the first four for their directory or its parent.
    @Test(arguments: [
        ("etc/.wh.", "REGTYPE", "names nothing that could be deleted"),
        ("etc/.wh..", "REGTYPE", "names nothing that could be deleted"),
        (".wh...", "REGTYPE", "names nothing that could be deleted"),
        ("etc/x/../.wh...", "DIRTYPE", "leads upwards"), ("./etc/.wh..//.", "DIRTYPE", "names nothing"),
        ("etc/.wh..", "SYMTYPE", "names nothing"), ("etc/.wh..", "LNKTYPE", "names nothing"),
        ("../etc/x", "REGTYPE", "leads upwards"), ("etc/..", "DIRTYPE", "leads upwards"),
        ("etc/.wh.absent", "REGTYPE", "accepted"), ("etc/.wh....", "REGTYPE", "accepted"),
        ("etc/.wh..wh..opq", "REGTYPE", "accepted"), ("etc/.wh..hidden", "REGTYPE", "accepted"),
        ("etc/..x", "REGTYPE", "accepted"), ("etc/x\\ny", "REGTYPE", "accepted"),
    ])
    func whatDeletesNothingIsRefused(name: String, kind: String, reason: String) async throws {
        // Each format has its own listing; accepted cases take longer.
        for format in reason == "accepted" ? ["zstd"] : ["zstd", "gzip"] {
            let outcome = await (try layout(name, kind: kind, target: "etc/os-release", format)).outcome()
            #expect(outcome.contains(reason), "\(outcome)")
        }
    }

    @Test func aLinkMayLeadUpwards() async throws {
        #expect(
            await (try layout("etc/x", kind: "SYMTYPE", target: "../../usr/.wh..")).outcome() == "accepted")
    }

    @Test func labelsThatAreNotKeptAreTold() async throws {
        let label = "{\"SCHILY.xattr.security.selinux\": \"system_u:object_r:etc_t:s0\"}"
        for (attributes, isTold) in [(label, true), ("{}", false)] {
            let maker = try layout("etc/x", attributes: attributes)
            let told = Told()
            let source = try ImageSource(
                maker.scratch("image"), trust: maker.trust, reporter: ImageReporter(tell: { told.add($0) }))
            _ = try await BaseFromImageTests.add(source, maker)
            #expect(told.notices.count == (isTold ? 1 : 0))
            #expect(told.notices.allSatisfy { $0.contains("SELinux labels, which umoci does not keep") })
        }
    }

    @Test func whatNoFileSystemKeepsOfALayerIsRefused() async throws {
        let maker = try layout("etc/x", attributes: "{\"SCHILY.xattr.bogus.x\": \"y\"}")
        #expect(await maker.outcome().contains("an attribute of a file in it cannot be kept: "))
    }

    private final class Told: @unchecked Sendable {
        private(set) var notices: [String] = []
        func add(_ notice: String) { notices.append(notice) }
    }

    @Test func linksStayInTheLayout() async throws {
        let maker = try layout("pass", "oci-gzip-zstd")
        try maker.shell(
            "blob=$(ls -S image/blobs/sha256/* | head -n 1); mv $blob image/layer; ln -s /layer $blob")
        #expect(await maker.outcome() == "accepted", "umoci is led nowhere else")
        try maker.shell("mv image/layer layer; ln -sf $PWD/layer $(find image/blobs -type l)")
        #expect(await maker.outcome().contains("is missing, or not"))
    }

    @Test func aLayerThatGrowsWithoutEndIsRefused() throws {
        let maker = try layout("put(layers[1], run(\"head -c 1G /dev/zero | zstd -q\"))")
        let (image, trust, result) = (maker.scratch("image"), maker.trust, Result())
        // Mounts only for this thread: other tests need their /var/tmp.
        let thread = try HostThread {
            guard PrivateMounts.begin(),
                mount("tmpfs", HostTemporary.directory, "tmpfs", 0, "size=128M") == 0
            else {
                result.text = "no mount: \(errno)"
                return
            }
            do {
                _ = try ImageSource(image, trust: trust)
            } catch {
                result.text = "\(error)"
            }
            result.rest =
                (try? DirectoryListing.names(in: HostTemporary.directory)) ?? ["what cannot be read"]
            result.open = BadLayoutTests.openFiles(onDeviceOf: HostTemporary.directory)
        }
        thread.join()
        #expect(result.text.contains("it has to be unpacked in /var/tmp, which lacks"))
        #expect(result.rest == [] && result.open == [], "nothing is left")
    }

    /// The numbers of this process's open files on the file system of `path`.
    ///
    /// Free space is a worse measure: a child of another test has the files open, too, until it executes its
    /// program.
    private static func openFiles(onDeviceOf path: String) -> [CInt] {
        var place = stat()
        guard stat(path, &place) == 0 else { return [-1] }
        guard let names = try? DirectoryListing.names(in: "/proc/self/fd") else { return [-1] }
        return names.compactMap { CInt($0) }.filter { number in
            var file = stat()
            return fstat(number, &file) == 0 && file.st_dev == place.st_dev
        }
    }

    private final class Result: @unchecked Sendable {
        var text = ""
        var rest = ["?"]
        var open: [CInt] = [-1]
    }
}
