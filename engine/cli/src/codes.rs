//! Codes of what is told about settings, files and scenarios.

homeroom_definition::codes! {
    /// A setting whose value cannot be used.
    BAD_SETTING = "HR1201";
    /// The identity that definitions see is not usable.
    BAD_IDENTITY = "HR1202";
    /// A file that is imported or named is not there.
    NO_FILE = "HR1203";
    /// Two files define the same namespace's path, or none defines any.
    NO_NAMESPACE = "HR1204";
    /// A setting that is taken, and is probably not what was meant.
    DOUBTFUL_SETTING = "HR1205";
    /// The database cannot be opened or asked.
    NO_DATABASE = "HR1206";
    /// The namespace that scenarios are about is not there.
    TEST_NAMESPACE = "HR1301";
    /// A step of a scenario does nothing, or several things.
    TEST_STEP = "HR1302";
    /// A user of a scenario is not there.
    TEST_USER = "HR1303";
    /// A scenario did not come out as it says.
    TEST_FAILED = "HR1304";
    /// A server of a scenario is not there.
    TEST_SERVER = "HR1305";
    /// A finding is ignored by a rule that there is none of.
    UNKNOWN_RULE = "HR1401";
    /// A finding is ignored without a reason.
    NO_REASON = "HR1402";
    /// What is ignored is not found.
    UNUSED_IGNORE = "HR1403";
}
