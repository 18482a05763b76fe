import FoundationEssentials
import ImgbasedCore
public import ImgbasedHostCore

/// The reports of lvm2 as JSON (`--reportformat json`): every value is a string.
public enum LVMReport {
    // Overrides lvm.conf: times in seconds since 1970, flags as words, sizes in bytes without a unit.
    private static let format = [
        "--reportformat", "json", "--units", "b", "--nosuffix", "--config",
        "report/time_format=\"%s\" report/binary_values_as_numeric=0",
    ]

    /// Asks for all volume groups.
    public static let groupsCommand = Command(
        .vgs, format + ["--options", "vg_name,vg_uuid,vg_size,vg_free,vg_extent_size,vg_tags"],
        about: "the volume groups")

    /// Asks for all volumes.
    public static let volumesCommand = Command(
        .lvs,
        format + [
            "--options",
            "vg_name,lv_name,lv_uuid,lv_size,lv_tags,lv_time,segtype,pool_lv,origin,lv_active,"
                + "lv_device_open,"
                + "data_percent,metadata_percent,lv_metadata_size,chunk_size,zero,discards",
        ], about: "the volumes")

    /// Asks for all physical volumes.
    public static let physicalVolumesCommand = Command(
        .pvs, format + ["--options", "pv_name,vg_name"], about: "the physical volumes")

    /// Asks for the problems of volumes and groups that lvm2 reports.
    public static let healthCommand = Command(
        .lvs, format + ["--options", "vg_name,lv_name,lv_health_status,seg_monitor,vg_missing_pv_count"],
        about: "the health of the volumes")

    /// Asks from how many percent lvm2 lets pools grow, by all its files or else by default.
    public static let growthCommand = Command(
        .lvmconfig, ["--typeconfig", "full", "activation/thin_pool_autoextend_threshold"],
        about: "the settings of lvm2")

    private struct Report: Decodable {
        var report: [[String: [[String: String]]]]
    }

    /// Parses a report of ``groupsCommand``.
    public static func groups(_ json: [UInt8]) throws(HostFailure) -> [HostState.Group] {
        try rows(json, "vg", .vgs).map { row throws(HostFailure) in
            HostState.Group(
                name: row["vg_name"] ?? "", uuid: row["vg_uuid"] ?? "", size: try bytes(row, "vg_size", .vgs),
                free: try bytes(row, "vg_free", .vgs), extentSize: try bytes(row, "vg_extent_size", .vgs),
                tags: tags(row["vg_tags"]))
        }
    }

    /// Parses a report of ``volumesCommand``.
    ///
    /// A volume of several segments has a row for each: the first counts.
    public static func volumes(_ json: [UInt8]) throws(HostFailure) -> [Volume] {
        var volumes: [Volume] = []
        var seen: Set<VolumePath> = []
        for row in try rows(json, "lv", .lvs) {
            let path = VolumePath(group: row["vg_name"] ?? "", name: row["lv_name"] ?? "")
            guard seen.insert(path).inserted else { continue }
            var volume = Volume(
                path: path, uuid: row["lv_uuid"] ?? "", size: try bytes(row, "lv_size", .lvs),
                tags: tags(row["lv_tags"]), segmentType: row["segtype"] ?? "")
            volume.created = row["lv_time"].flatMap { Int64($0) } ?? 0
            volume.pool = nonempty(row["pool_lv"])
            volume.origin = nonempty(row["origin"])
            volume.isActive = row["lv_active"] == "active"
            volume.isOpen = row["lv_device_open"] == "open"
            volume.ignoresDiscards = volume.segmentType == "thin-pool" && row["discards"] == "ignore"
            if volume.segmentType == "thin-pool" { volume.usage = usage(row) }
            if volume.segmentType == "thin", let percent = row["data_percent"].flatMap({ Double($0) }),
                (0...100).contains(percent)
            {
                volume.data = Bytes(UInt64(Double(volume.size.count) / 100 * percent))
            }
            volumes.append(volume)
        }
        return volumes
    }

    /// Parses a report of ``physicalVolumesCommand``.
    public static func physicalVolumes(_ json: [UInt8]) throws(HostFailure) -> [HostState.PhysicalVolume] {
        try rows(json, "pv", .pvs).map {
            HostState.PhysicalVolume(path: $0["pv_name"] ?? "", group: nonempty($0["vg_name"]))
        }
    }

    /// Adds a report of ``healthCommand`` to `facts`.
    ///
    /// A volume of several segments has a row for each.
    public static func addHealth(_ json: [UInt8], to facts: inout HostCheck.Facts) throws(HostFailure) {
        for row in try rows(json, "lv", .lvs) {
            let path = VolumePath(group: row["vg_name"] ?? "", name: row["lv_name"] ?? "")
            facts.health[path] = nonempty(row["lv_health_status"])
            if row["seg_monitor"] == "monitored" { facts.monitored.insert(path) }
            facts.missingDisks[path.group] = row["vg_missing_pv_count"].flatMap { Int($0) }
        }
    }

    /// Parses a report of ``growthCommand``: `thin_pool_autoextend_threshold=100`; `nil` if there is none.
    public static func growthThreshold(_ report: [UInt8]) -> Int? {
        let words = String(decoding: report, as: UTF8.self).split { $0 == "=" || $0.isWhitespace }
        return words.count == 2 ? Int(words[1]) : nil
    }

    /// How full a pool is; `nil` if it is not active and cannot say.
    private static func usage(_ row: [String: String]) -> PoolUsage? {
        guard let data = row["data_percent"].flatMap({ Double($0) }),
            let metadata = row["metadata_percent"].flatMap({ Double($0) }),
            let metadataSize = row["lv_metadata_size"].flatMap({ UInt64($0) }),
            let chunkSize = row["chunk_size"].flatMap({ UInt64($0) })
        else { return nil }
        return PoolUsage(
            data: data, metadata: metadata, metadataSize: Bytes(metadataSize), chunkSize: Bytes(chunkSize),
            zeroes: row["zero"] == "zero")
    }

    private static func rows(
        _ json: [UInt8], _ kind: String, _ tool: Tool
    ) throws(HostFailure) -> [[String: String]] {
        do {
            // lvm2 puts messages, such as on a damaged area, between the lines of the report (log_print).
            let lines = json.split(separator: UInt8(ascii: "\n")).filter { line in
                line.first { $0 != UInt8(ascii: " ") }.map { "{}[],\"".utf8.contains($0) } ?? false
            }
            let report = try JSONDecoder().decode(
                Report.self, from: Data(lines.joined(separator: [UInt8(ascii: "\n")])))
            return report.report.flatMap { $0[kind] ?? [] }
        } catch {
            throw .report(tool, reason: "\(error)".oneLine)
        }
    }

    private static func bytes(_ row: [String: String], _ key: String, _ tool: Tool) throws(HostFailure)
        -> Bytes
    {
        guard let count = row[key].flatMap({ UInt64($0) }) else {
            throw .report(tool, reason: "'\(row[key] ?? "")' is no \(key)")
        }
        return Bytes(count)
    }

    private static func tags(_ text: String?) -> Set<String> {
        Set((text ?? "").split(separator: ",").map(String.init))
    }

    private static func nonempty(_ text: String?) -> String? {
        text.flatMap { $0.isEmpty ? nil : $0 }
    }
}
