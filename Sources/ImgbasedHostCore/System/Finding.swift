/// Something wrong with the host, as `imgbase check` finds it.
public struct Finding: Hashable, Sendable {
    /// How much it matters.
    public enum Weight: String, Hashable, Sendable, Comparable {
        /// Nothing is wrong, but it should be known.
        case note
        /// Something does not work or will not, but the next boot is as recorded.
        case warning
        /// The host does not boot as recorded, or is about to stop.
        case critical

        private var rank: Int {
            switch self {
            case .note: 0
            case .warning: 1
            case .critical: 2
            }
        }

        /// Orders by importance.
        public static func < (a: Weight, b: Weight) -> Bool { a.rank < b.rank }
    }

    /// The part of the host that it is about.
    public enum Area: String, Hashable, Sendable, CaseIterable {
        /// The volume group and its disks.
        case group
        /// The thin pool: its state, its data and its metadata.
        case pool
        /// The growth of the pool by lvm2 itself.
        case autoextend
        /// The boot loader's menu.
        case menu
        /// The entries of layers.
        case entries
        /// The stored kernels and initramfs, and their modules.
        case kernels
        /// The helper in each initramfs.
        case helper
        /// The boot record.
        case record
        /// How this system was booted, and what went wrong before.
        case boot
        /// Tasks that the last update left to the administrator.
        case conflicts
        /// Leftovers of interrupted runs.
        case debris
        /// The mounted file systems and the tables of layers.
        case mounts
        /// The system's units.
        case units
        /// The settings.
        case settings
    }

    /// The part of the host.
    public var area: Area
    /// How much it matters.
    public var weight: Weight
    /// The problem, one sentence without a full stop.
    public var problem: String
    /// The remedy, as the rest of that sentence; `nil` if the problem says it.
    public var remedy: String?

    /// A finding with these values.
    public init(_ area: Area, _ weight: Weight, _ problem: String, remedy: String? = nil) {
        self.area = area
        self.weight = weight
        self.problem = problem
        self.remedy = remedy
    }

    /// The finding in one line for the user.
    public var line: String {
        "\(weight.rawValue): \(area.rawValue): \(problem)" + (remedy.map { "; \($0)" } ?? "")
    }
}
