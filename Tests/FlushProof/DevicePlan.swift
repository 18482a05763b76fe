/// The devices that `imgbase-initrd plan` would make for a layer.
struct DevicePlan: Hashable, Sendable {
    /// A run of sectors of a device, and its start on the physical volume.
    struct Segment: Hashable, Sendable {
        let start: Int
        let count: Int
        let place: Int
    }

    /// The segments of the pool's metadata and data.
    let metadata: [Segment]
    let data: [Segment]
    /// The size of the layer in sectors, and its number in the pool.
    let count: Int
    let number: Int
    /// The printed plan, without warnings and without the name of the disk's file.
    let text: String

    /// Parses the output: a line `NAME: START COUNT TARGET …` for each device, in order of creation.
    ///
    /// `nil` if the output is no plan for a layer of a thin pool on one disk.
    init?(_ output: String, disk: String) {
        var devices: [(name: String, segments: [(start: Int, count: Int, words: [Substring])])] = []
        for line in output.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let words = line[line.index(after: colon)...].split(separator: " ")
            guard words.count > 3, let start = Int(words[0]), let count = Int(words[1]) else { continue }
            let name = String(line[..<colon])
            if devices.last?.name != name { devices.append((name, [])) }
            devices[devices.count - 1].segments.append((start, count, Array(words[2...])))
        }
        func linear(_ name: Substring) -> [Segment]? {
            devices.first { $0.name == name }?.segments.compactMap { segment in
                guard segment.words.count == 3, segment.words[0] == "linear", segment.words[1] == disk,
                    let place = Int(segment.words[2])
                else { return nil }
                return Segment(start: segment.start, count: segment.count, place: place)
            }
        }
        guard let layer = devices.last?.segments.first, layer.words[0] == "thin", layer.words.count >= 3,
            let number = Int(layer.words[2]),
            let pool = devices.first(where: { $0.name == layer.words[1] })?.segments.first,
            pool.words[0] == "thin-pool", pool.words.count >= 3,
            let metadata = linear(pool.words[1]), let data = linear(pool.words[2]),
            !metadata.isEmpty, !data.isEmpty
        else { return nil }
        (self.metadata, self.data) = (metadata, data)
        (count, self.number) = (layer.count, number)
        text = output.split(separator: "\n").filter { !$0.hasPrefix("imgbase-initrd: ") }
            .joined(separator: "\n").replacing(disk, with: "DISK")
    }
}
